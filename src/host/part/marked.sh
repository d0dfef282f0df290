# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# marked MARK: the pids that have MARK in their environment. Only our own user's outside of containers: anybody
# else's may have it as well, and be waited for until the end of days.
marked() {
	grep -l -a -z -x -F -e "$1" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
		[ -O "/proc/$pid" ] || continue
		[ "$(readlink "/proc/$pid/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] && echo "$pid"
	done 2>/dev/null
}
