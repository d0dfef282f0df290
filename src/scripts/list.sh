#!/bin/sh
# SPDX-License-Identifier: MIT
# list [addresses|load]: every container of this host in one go.
#
# Prints now=SECONDS, list=JSON as from `runc list`, memory=PID BYTES PROCESSES for the first process of
# each running container, in-move=PATH for each bundle with the journal of a move, and with "addresses"
# addr=JSON as from `ip addr`. A process belongs to the container whose cgroup it is in, or whose cgroup is above
# its own; one awk reads them all.
#
# With "load" also memory-total=BYTES, memory-available=BYTES, cpus=N, loadavg=LOAD, pressure=PERCENT
# (if the kernel tells it), work=PID TICKS PROCESSES, the processor time that a container has used, and pin=PATH
# for each bundle whose config.json, as it is now, pins its container.
if ! list=$(runc list --format json 2>/dev/null); then
	# runc's directory is missing until the first container was started.
	why=$(runc list --format json 2>&1)
	case $why in
	*"no such file or directory"*) list=null ;;
	*)
		printf '%s\n' "$why" >&2
		exit 1
		;;
	esac
fi
printf 'now=%s\n' "$(date +%s)"
printf 'list=%s\n' "$list"
[ "$1" = addresses ] && printf 'addr=%s\n' "$(ip -j addr show)"

load() {
	awk '/^MemTotal:/ {printf "memory-total=%.0f\n", $2 * 1024}
		/^MemAvailable:/ {printf "memory-available=%.0f\n", $2 * 1024}' /proc/meminfo
	printf 'cpus=%s\n' "$(grep -c '^processor' /proc/cpuinfo)"
	read -r average rest </proc/loadavg && printf 'loadavg=%s\n' "$average"
	# The file may exist and be unreadable, if the kernel was told not to measure pressure.
	sed -n 's/^some .*avg60=\([0-9.]*\).*/pressure=\1/p' /proc/pressure/cpu 2>/dev/null
}
[ "$1" = load ] && load

usage() {
	printf '%s\n' "$list" /proc/[0-9]* | awk -v what="$1" '
# Version 1 has a line for each controller. Not every controller is set for containers; pids is.
function cgroup(dir,    file, line, parts, path) {
	file = dir "/cgroup"
	path = ""
	while ((getline line < file) > 0) {
		split(line, parts, ":")
		if (parts[2] != "" && ("," parts[2] ",") !~ /,pids,/)
			continue
		path = substr(line, length(parts[1]) + length(parts[2]) + 3)
		if (parts[2] != "")
			break
	}
	close(file)
	return path == "/" ? "" : path
}

# Memory without a file; kernels before 4.5 count it with file pages.
function resident(dir,    file, line, parts, own, all) {
	file = dir "/status"
	own = all = 0
	while ((getline line < file) > 0) {
		split(line, parts)
		if (parts[1] == "RssAnon:" || parts[1] == "RssShmem:")
			own += parts[2]
		else if (parts[1] == "VmRSS:")
			all = parts[2]
		else if (parts[1] == "Threads:")
			break
	}
	close(file)
	return (own ? own : all) * 1024
}

# Ticks in user and kernel mode. The name before them may contain anything, and is in parentheses.
function worked(dir,    file, line, parts) {
	file = dir "/stat"
	line = ""
	getline line < file
	close(file)
	sub(/^.*[)] /, "", line)
	split(line, parts, " ")
	return parts[12] + parts[13]
}

# A path with a quote or a backslash in it is no bundle of ours. A container is pinned if config.json says so now:
# a move reads it from there too.
function tell_bundles(list,    bundle, file, line, text) {
	while (match(list, /"bundle":"[^"\\]*"/)) {
		bundle = substr(list, RSTART + 10, RLENGTH - 11)
		list = substr(list, RSTART + RLENGTH)
		file = bundle "/.cmigrate/journal"
		if ((getline line < file) >= 0)
			print "in-move=" bundle
		close(file)
		if (what != "load")
			continue
		file = bundle "/config.json"
		text = ""
		while ((getline line < file) > 0)
			text = text line " "
		close(file)
		if (text ~ /"org[.]cmigrate[.]pin"[ \t]*:[ \t]*"true"/)
			print "pin=" bundle
	}
}

NR == 1 {
	tell_bundles($0)
	while (match($0, /"pid":[0-9]+/)) {
		pid = substr($0, RSTART + 6, RLENGTH - 6)
		$0 = substr($0, RSTART + RLENGTH)
		path = pid > 0 ? cgroup("/proc/" pid) : ""
		if (path != "")
			first[path] = pid
	}
	next
}

{
	path = cgroup($0)
	while (path != "" && !(path in first))
		sub(/\/[^\/]*$/, "", path)
	if (path != "") {
		bytes[first[path]] += resident($0)
		processes[first[path]]++
		if (what == "load")
			ticks[first[path]] += worked($0)
	}
}

END {
	for (pid in processes)
		printf "memory=%s %.0f %.0f\n", pid, bytes[pid], processes[pid]
	for (pid in ticks)
		printf "work=%s %.0f %.0f\n", pid, ticks[pid], processes[pid]
}'
}

# mawk fails if a process ends between the opening of one of its files and the reading.
for _ in 1 2 3 4 5; do
	if told=$(usage "$1"); then
		[ -z "$told" ] || printf '%s\n' "$told"
		exit 0
	fi
done
exit 1
