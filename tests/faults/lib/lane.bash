# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # matrix's variables
# A lane: two hosts and a client, one counter, one observer, and the cases that use them in turn.

# A file system of its own, which can be made full.
lane_size=1g

# How much longer things take than between namespaces on a machine that is not slow, and the seconds of counter.py
# and client.py.
slow=1 beat=0.01 patience=0.3

lane_up() {
	local host
	export LAB_BASE=$work/base
	mkdir "$LAB_BASE" || return
	slow=$(scaled 1)
	# The disks of virtual machines are larger than that.
	if [[ -n ${LAB_VM:-} ]]; then
		slow=$((slow * 5)) beat=0.1 patience=1.5
	else
		mount -t tmpfs -o "size=$lane_size,mode=755" tmpfs "$LAB_BASE" || return
	fi
	"$lab" up 2 >"$work/up" 2>&1 || return
	for host in rhel01 rhel02 client; do
		on "$host" sh -c 'mkdir -p /etc/cmigrate /srv/where
			cat >/usr/local/sbin/cmigrate && chmod 755 /usr/local/sbin/cmigrate
			uname -n >/srv/where/name
			echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json
			echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}, \"move\": {\"lazy_from\": \"1K\"}}" >/etc/cmigrate/lazy.json' <"$program" || return
	done
	# The third host has no shared directory.
	on client umount -l /runc || return
	container_make && container_start rhel01 || return
	start_observer counter "$(shared_directory)/beats/beat" "$work" rhel01 rhel02
	connect
}

lane_down() {
	local pid
	trap '' TERM INT HUP
	for pid in ${observer_pid:-} ${client_pid:-}; do
		kill "$pid" 2>/dev/null
	done
	"$lab" down
	# The beginning of a namespace's end is not its end.
	[[ -n ${LAB_VM:-} ]] || umount "$work/base" 2>/dev/null || umount --lazy "$work/base"
}

shared_directory() {
	echo "$LAB_BASE/$LAB_NAME/shared"
}

# A moment between two looks, without a process for it: what forks some hundred times a second has all
# process ids in use within minutes, and bash has been seen to wait for ever for a child whose id had
# been another's.
moment() { # SECONDS
	if [[ ${never_pid:-} != "$BASHPID" ]]; then
		mkfifo "$work/never-$BASHPID" && exec {never}<>"$work/never-$BASHPID" && rm "$work/never-$BASHPID"
		never_pid=$BASHPID
	fi
	read -r -t "$1" -u "$never" || true
}

# From outside of the hosts, but in the client's network.
connect() {
	: >"$work/losses"
	: >"$work/state"
	nsenter --net="/run/netns/cmlab.$LAB_NAME.client" -- \
		python3 "$faults_dir/programs/client.py" "$address" "$port" "$work/state" "$work/losses" "$patience" 2>"$work/client.err" &
	client_pid=$!
	client_hears $((60 * slow))
}

# Waits for an answer that came after this call.
client_hears() { # SECONDS
	local start=${EPOCHREALTIME/[.,]/} value host moment
	while [[ ${EPOCHREALTIME/[.,]/} -lt $((start + $1 * 1000000)) ]]; do
		read -r value host moment <"$work/state"
		if [[ ${moment:-0} -gt $((start * 1000)) ]]; then
			heard=$value heard_from=$host
			return 0
		fi
		moment 0.005
	done
	return 1
}

# Until the observer has looked since this call, and written down what it saw: it writes its number of looks.
observer_looked() {
	local end=$((${EPOCHREALTIME/[.,]/} + slow * 10000000)) looks now times=0
	read -r looks _ <"$work/stats"
	while [[ $times -lt 2 && ${EPOCHREALTIME/[.,]/} -lt $end ]]; do
		read -r now _ <"$work/stats"
		if [[ -n $now && $now != "$looks" ]]; then
			looks=$now times=$((times + 1))
		else
			moment 0.005
		fi
	done
}

# Until the observer has seen two copies by their processes and by their heartbeats.
two_copies_seen() { # SECONDS
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	local -a lines
	while [[ ${EPOCHREALTIME/[.,]/} -lt $end ]]; do
		mapfile -t -s "$doubles" lines <"$work/doubles"
		if [[ ${lines[*]} == *' run'* && ${lines[*]} == *alternate* ]]; then
			return
		fi
		moment 0.005
	done
}

# Asks until COMMAND succeeds, for a minute at most.
wait_for() { # COMMAND...
	local end=$((${EPOCHREALTIME/[.,]/} + slow * 60000000))
	until "$@"; do
		[[ ${EPOCHREALTIME/[.,]/} -lt $end ]] || return 1
		moment 0.05
	done
}
