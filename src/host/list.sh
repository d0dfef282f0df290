#!/bin/sh
# SPDX-License-Identifier: MIT
# list [addresses]: every container of this host in one go.
#
# Prints now=SECONDS, list=JSON as of `runc list`, memory=PID BYTES PROCESSES for the first process of
# each container that runs, and with "addresses" addr=JSON as of `ip addr`. A process belongs to the
# container whose cgroup it is in, or below it; one awk looks at all of them.
if ! list=$(runc list --format json 2>/dev/null); then
	# Where none was ever started runc's directory is missing.
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
printf '%s\n' "$list" /proc/[0-9]* | awk '
# Version 1 has a line for each controller, and not each is set for containers: pids is.
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

# Memory that no file keeps; kernels before 4.5 do not tell it apart.
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

NR == 1 {
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
	}
}

END {
	for (pid in processes)
		printf "memory=%s %.0f %.0f\n", pid, bytes[pid], processes[pid]
}'
