#!/bin/sh
# SPDX-License-Identifier: MIT
# whole NAME: fails where the kernel has killed a process of a container for want of memory: what is left of it runs, and
# is not what was moved. Its cgroup is its own, made by the restore, and so is the count.
name=$1
state=$(cat "/run/runc/$name/state.json" 2>/dev/null)
for file in memory:memory.oom_control :memory.events; do
	dir=$(printf '%s\n' "$state" | sed -n 's/.*"cgroup_paths":{[^}]*"'"${file%%:*}"'":"\(\/[^"]*\)".*/\1/p')
	if [ -z "$dir" ] || [ ! -r "$dir/${file#*:}" ]; then
		continue
	fi
	while read -r key count; do
		[ "$key-$count" = oom_kill-0 ] || [ "$key" != oom_kill ] || {
			echo "a process of it was killed for want of memory" >&2
			exit 1
		}
	done <"$dir/${file#*:}"
done
exit 0
