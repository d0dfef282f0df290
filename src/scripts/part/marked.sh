# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# marked MARK: the pids that have MARK in their environment. Only our own user's processes outside of containers: another
# user's process could have it too, and be waited for without end.
is_ours() { # PID
	# By the real user: /proc/PID belongs to root if a process has made itself unreadable.
	while read -r key real _; do
		[ "$key" = Uid: ] && break
	done <"/proc/$1/status"
	[ "$key-$real" = "Uid:-$(id -u)" ] &&
		[ "$(readlink "/proc/$1/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]
}

marked() {
	grep -l -a -z -x -F -e "$1" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do
		is_ours "$pid" && echo "$pid"
	done 2>/dev/null
}
