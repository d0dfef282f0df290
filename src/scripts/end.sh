#!/bin/sh
# SPDX-License-Identifier: MIT
# end NAME SECONDS
#
# Ends a container: SIGTERM, and SIGKILL if it still lives after SECONDS (0: at once). Then it removes runc's
# state. Prints what was needed: "gone" or "stopped" (already), "term" or "kill". Succeeds only
# if runc does not know the container any more.
name=$1 seconds=$2

. part/runc.sh
. part/uptime.sh

# A zombie has ended too: its parent may take a while to reap it.
lives() {
	read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
	case ${stat##*) } in
	[ZX]*) return 1 ;;
	esac
}

# Waits at most so many seconds.
wait_end() {
	late=$(($(uptime) + $1 * 100))
	while lives; do
		[ "$(uptime)" -lt "$late" ] || return 1
		sleep 0.05
	done
}

stop() {
	if [ "$seconds" -gt 0 ]; then
		# A paused container gets no signal.
		[ "$status" = paused ] && runc resume "$name"
		how="term"
		runc kill "$name" TERM 2>/dev/null
		wait_end "$seconds" && return
	fi
	how="kill"
	runc kill "$name" KILL 2>/dev/null
	first=$pid
	ask_runc "$name" && [ "$status" = paused ] && runc resume "$name"
	pid=$first
	wait_end 5
}

ask_runc "$name" || exit 1
case $status in
'') how="gone" ;;
stopped) how="stopped" ;;
*) stop ;;
esac
if [ "$how" != gone ]; then
	runc delete "$name" 2>/dev/null || timeout 15 runc delete --force "$name" || exit 1
fi
ask_runc "$name" || exit 1
if [ -n "$status" ]; then
	echo "runc still knows container '$name'" >&2
	exit 1
fi
echo "$how"
