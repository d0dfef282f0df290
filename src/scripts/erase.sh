#!/bin/sh
# SPDX-License-Identifier: MIT
# erase NAME MARK BUNDLE RUN
#
# Removes a copy of a container and all that a restore (successful, failed or hanging) has left: first
# the restoring programs, found by MARK in their environment, then the container's processes, its
# runc state and its cgroups. Succeeds only if nothing of it runs any more.
name=$1 mark=$2 bundle=$3 run=$4

# In every namespace (part/marked.sh looks at ours only): criu begins the tree in the container's own.
# shellcheck disable=SC2317 # called by kill_all
restoring() {
	grep -l -a -z -x -F -e "$mark" /proc/[0-9]*/environ 2>/dev/null |
		sed -n 's#^/proc/\([0-9]*\)/environ$#\1#p'
}

# linux.cgroupsPath, and no other member of that name: an annotation may have it too.
cgroups_path() { # FILE
	awk '{
		while (match($0, /"([^"\\]|\\.)*"|[][{},]/)) {
			token = substr($0, RSTART, RLENGTH)
			$0 = substr($0, RSTART + RLENGTH)
			if (token ~ /[[{]/ && length(token) == 1) {
				depth++
				if (depth == 2) section = last
			} else if (token ~ /[]}]/ && length(token) == 1) {
				depth--
			} else if (depth == 2 && section == "\"linux\"" && last == "\"cgroupsPath\"" && token != ",") {
				print substr(token, 2, length(token) - 2)
				exit
			}
			last = token
		}
	}' "$1"
}

# Its cgroups as /proc tells them: where config.json says, else below the cgroup that the restoring runc was in
# (restore.sh), or beside that (cgroup v2). Never by the last part of a path alone: other managers have containers too.
places() {
	said=$(cgroups_path "$bundle/config.json" 2>/dev/null | sed 's#\\/#/#g')
	case $said in
	*[!A-Za-z0-9_.:/@+-]*)
		echo "'$bundle/config.json': a cgroupsPath that can't be looked for" >&2
		return 1
		;;
	/*)
		printf '%s\n' "$said"
		return
		;;
	esac
	cat /proc/self/cgroup "$run/cgroup" 2>/dev/null | while IFS=: read -r _ _ path; do
		printf '%s\n' "${path%/}/${said:-$name}" "${path%/*}/${said:-$name}"
	done | sort -u
}

# A process of the container is one in its cgroup and in another pid namespace than ours.
# shellcheck disable=SC2317 # called by kill_all
contained() {
	grep -l -E ":($pattern)(/|\$)" /proc/[0-9]*/cgroup 2>/dev/null | while read -r file; do
		pid=${file#/proc/}
		pid=${pid%/cgroup}
		here=$(readlink "/proc/$pid/ns/pid_for_children" 2>/dev/null) || continue
		[ -n "$here" ] && [ "$here" != "$own" ] && echo "$pid"
	done
}

# Until none is left, for a second at most; a frozen process dies when it is thawed.
kill_all() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		pids=$("$1")
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086 # a list of numbers
		kill -9 $pids 2>/dev/null
		thaw
		sleep 0.05
	done
	return 1
}

thaw() {
	for freezer in $cgroups; do
		[ -e "$freezer/freezer.state" ] && echo THAWED >"$freezer/freezer.state"
		[ -e "$freezer/cgroup.freeze" ] && echo 0 >"$freezer/cgroup.freeze"
	done 2>/dev/null
}

places=$(places) || exit 1
# systemd has \x2d in its names.
pattern=$(printf '%s\n' "$places" | sed 's/[].+*?^$(){}|\\[]/\\&/g' | paste -s -d '|')
own=$(readlink /proc/self/ns/pid)
# The directories of version 2, and of each controller of version 1. The places have no blanks.
find_cgroups() {
	cgroups=$(printf '%s\n' "$places" | while read -r place; do
		for dir in "/sys/fs/cgroup$place" /sys/fs/cgroup/*"$place"; do
			[ ! -d "$dir" ] || echo "$dir"
		done
	done | sort -u)
}

find_cgroups
kill_all restoring || echo "the restoring processes of '$name' do not end" >&2
# The restoring processes may have made more just before.
find_cgroups
# If another container has the name, ours can't be there.
. part/runc.sh
if ask_runc "$name" 2>/dev/null && is_foreign "$bundle"; then
	echo "left alone: another container is called '$name' there, of '$bundle_there'" >&2
	exit 0
fi
kill_all contained || {
	echo "processes of container '$name' do not end: $(contained | tr '\n' ' ')" >&2
	exit 1
}
# A killed `runc restore` leaves the container's root mounted in its state directory. The mount goes first:
# `runc delete --force` removes the directory with all that is in it, the files of that root too.
roots() {
	awk -v end="/$name/criu-root" 'substr($2, length($2) - length(end) + 1) == end {print $2}' /proc/self/mounts
}
roots | while read -r root; do
	umount -l "$root"
done
if [ -n "$(roots)" ]; then
	echo "still mounted: $(roots | tr '\n' ' ')" >&2
	exit 1
fi
# Also if runc knows nothing of it: the directory alone keeps the name taken. A killed process can take long to
# end, for example while it closes a file on NFS that a crashed host had open too.
timeout 8 runc delete --force "$name" || {
	echo "container '$name' is killed, but 'runc delete --force' can't remove it yet" >&2
	exit 1
}
# A failed restore leaves cgroups without processes. A process that was killed just now, here or by fence.sh, may not have
# left them yet: it is not found by its environment, because it has no memory any more.
remove_cgroups() {
	left=
	for cgroup in $cgroups; do
		[ ! -d "$cgroup" ] || rmdir "$cgroup" 2>/dev/null || left=yes
	done
	[ -z "$left" ]
}
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	remove_cgroups && break
	sleep 0.05
done
ask_runc "$name" || exit 1
if [ -n "$status" ]; then
	echo "runc still knows container '$name'" >&2
	exit 1
fi
exit 0
