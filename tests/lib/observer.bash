# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# Watches a lab in namespaces for two running copies of a container: tests/faults/programs/observer.py.

observer_program=${BASH_SOURCE[0]%/*}/../faults/programs/observer.py

# The host's own cgroup: of the freezer where there are many hierarchies.
host_cgroup() { # HOST
	local top=/sys/fs/cgroup
	[[ ! -d $top/freezer ]] || top=$top/freezer
	find "$top" -xdev -type d -path "*/cmlab.$LAB_NAME/$1" -print -quit
}

# Sets observer_pid. The observer writes what it sees to DIRECTORY: doubles, stats, and its errors to observer.err. It
# reads `off` there.
start_observer() { # NAME|* BEATS DIRECTORY HOST...
	local host
	local -a words=()
	for host in "${@:4}"; do
		words+=("$host=$(host_cgroup "$host")=${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME/hosts/$host/pid")
	done
	: >"$3/doubles"
	nice -n -15 python3 "$observer_program" "$1" "$2" "$3/doubles" "$3/stats" "$3/off" "${words[@]}" 2>"$3/observer.err" &
	observer_pid=$!
}
