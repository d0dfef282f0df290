# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# A cgroup for each host in every hierarchy. It is the root of the host's
# cgroup namespace, so two hosts can have containers with the same name.
# Every process of a host is found through it.

# Prints "TYPE MOUNTPOINT" of the machine's hierarchies.
cgroup_mounts() {
	local _ mount type rest
	while read -r _ mount type rest; do
		if [[ $type == cgroup || $type == cgroup2 ]]; then
			echo "$type $mount"
		fi
	done </proc/self/mounts
}

# Sets parent to the directory of a hierarchy below which the lab may make its own.
# Version 1: below the caller's, so that the caller's limits still apply.
# Version 2: at the top, because a cgroup with processes can't pass on controllers.
find_cgroup_parent() { # TYPE MOUNTPOINT
	local controllers path
	parent=$2
	if [[ $1 == cgroup ]]; then
		while IFS=: read -r _ controllers path; do
			if [[ ${controllers#name=} == "${2##*/}" && -d $2$path ]]; then
				parent=${2}${path%/}
			fi
		done </proc/self/cgroup
	fi
}

# The directory PARENT/NAME is there.
set_up_cgroup() { # PARENT NAME
	local parent=$1 dir=$1/$2 file value
	# A version 1 cpuset takes no process before it has been given these.
	for file in cpuset.cpus cpuset.mems; do
		if [[ -e $dir/$file ]] && read -r value <"$parent/$file"; then
			echo "$value" >"$dir/$file"
		fi
	done
	if [[ -e $parent/cgroup.controllers ]]; then
		pass_controllers "$parent"
	fi
}

# One by one: a controller that can't be passed on must not hold up the others.
pass_controllers() { # DIR
	local controller
	for controller in $(<"$1/cgroup.controllers"); do
		echo "+$controller" 2>/dev/null >"$1/cgroup.subtree_control" || true
	done
}

# Makes the host's cgroups and prints the directories that its processes join.
make_host_cgroups() { # HOST
	local type mount parent
	local -a parents=()
	while read -r type mount; do
		find_cgroup_parent "$type" "$mount"
		parents+=("$parent")
	done < <(cgroup_mounts)
	mkdir -p "${parents[@]/%//$lab_tag/$1}"
	for parent in "${parents[@]}"; do
		set_up_cgroup "$parent" "$lab_tag"
		set_up_cgroup "$parent/$lab_tag" "$1"
		echo "$parent/$lab_tag/$1"
	done
}

# Moves this shell into the cgroups that the file lists. Used by each exec:
# no process is started here.
join_cgroups() { # FILE
	local dir
	while read -r dir; do
		# Version 2: see clear_cgroup_root in init.
		if [[ -d $dir/init.scope ]]; then
			dir+=/init.scope
		fi
		if ! echo 0 >"$dir/cgroup.procs"; then
			echo "lab: can't join cgroup $dir" >&2
			return 1
		fi
	done <"$1"
}

# Prints the cgroup directories of the lab, or of one host, in all hierarchies.
# They are searched for, because "down" must find them without a state directory.
find_cgroups() { # [HOST]
	local -a mounts
	mapfile -t mounts < <(cgroup_mounts | cut -d' ' -f2)
	if [[ ${#mounts[@]} -gt 0 ]]; then
		find "${mounts[@]}" -xdev -type d -path "*/$lab_tag${1:+/$1}" -prune -print 2>/dev/null || true
	fi
}

cgroup_files() { # NAME DIR...
	local name=$1
	shift
	find "$@" -name "$name" 2>/dev/null || true
}

write_freezers() { # WORD-OF-V1 WORD-OF-V2 DIR...
	local file
	for file in $(cgroup_files freezer.state "${@:3}"); do
		echo "$1" 2>/dev/null >"$file" || true
	done
	for file in $(cgroup_files cgroup.freeze "${@:3}"); do
		echo "$2" 2>/dev/null >"$file" || true
	done
}

# Kills everything in these cgroups and below, and removes them. A process
# that forks meanwhile is killed in the next round. Bounded: 10 s.
#
# As in a power failure, no process may go on because another one has ended first (its tracer, or the process that froze
# it). So all are stopped first; a frozen process ends when it is thawed, without having run again.
end_cgroups() { # DIR...
	local deadline=$((SECONDS + 10)) file pid
	local -A killed=()
	if [[ $# -eq 0 ]]; then
		return 0
	fi
	while :; do
		write_freezers FROZEN 1 "$@"
		for file in $(cgroup_files cgroup.procs "$@"); do
			while read -r pid; do
				killed[$pid]=1
				kill -KILL "$pid" 2>/dev/null || true
			done 2>/dev/null <"$file" || true
		done
		write_freezers THAWED 0 "$@"
		find "$@" -depth -type d -exec rmdir {} + 2>/dev/null || true
		if [[ -z $(cgroup_files cgroup.procs "$@") ]]; then
			wait_until_gone "${!killed[@]}"
			return 0
		fi
		if [[ $SECONDS -ge $deadline ]]; then
			echo "lab: still there after 10 s: $(cgroup_files cgroup.procs "$@" | tr '\n' ' ')" >&2
			return 1
		fi
		sleep 0.02
	done
}

# A dying process leaves its cgroup a little before it is gone. A process that its
# parent doesn't reap can't be waited for. Bounded: 1 s.
wait_until_gone() { # PID...
	local pid stat tries=50
	for pid in "$@"; do
		while ((tries-- > 0)) && { read -r stat <"/proc/$pid/stat"; } 2>/dev/null && [[ $stat != *') Z '* ]]; do
			sleep 0.02
		done
	done
}
