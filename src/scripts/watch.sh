#!/bin/sh
# SPDX-License-Identifier: MIT
# watch RUN: reads CRIU's log of a restore until it shows a failure, prints which, and ends; or until
# the work directory is gone. runc takes 10 s to report a restore that failed at once, a pages image
# that is too short makes CRIU repeat one line for ever, 50 MB a second, and CRIU waits for a file lock
# that another process holds.
run=$1
log_limit=200000000 idle=0 before=0
# It reads from the end of a file over and over. Many equal lines of other kinds belong to a large memory.
repeats() {
	[ "$1" -gt 2000000 ] && [ "$(tail -n 200 "$run/restore.log" 2>/dev/null | grep -c 'returned 0$')" -gt 50 ]
}
# A process of the restore is in flock or fcntl, which only a lock makes wait. It may be in the container's own pid
# namespace already, and it is root's until the restore ends.
waits_for_lock() {
	case $(uname -m) in
	x86_64) calls='72|73' ;;
	aarch64) calls='25|32' ;;
	*) return 1 ;;
	esac
	for environ in $(grep -l -a -z -x -F -e "CRIU_CONFIG_FILE=$run/criu.conf" /proc/[0-9]*/environ 2>/dev/null); do
		process=${environ%/environ}
		grep -q -E "^($calls) " "$process/syscall" 2>/dev/null &&
			grep -q -E '^Uid:[[:space:]]+0[[:space:]]' "$process/status" 2>/dev/null && return 0
	done
	return 1
}
while [ -d "$run" ]; do
	size=$(stat -c %s "$run/restore.log" 2>/dev/null || echo 0)
	if [ "$size" -ne "$before" ]; then
		before=$size idle=0
	elif [ "$size" -gt 0 ]; then
		idle=$((idle + 1))
	fi
	if [ "$size" -gt "$log_limit" ] || repeats "$size"; then
		: >"$run/restore.log"
		echo "criu repeats itself without end: an image is shorter than it should be"
		exit 0
	elif [ "$size" -gt 0 ] && tail -c 300 "$run/restore.log" 2>/dev/null | grep -q 'Restoring FAILED'; then
		exit 0
	# For two seconds CRIU has said nothing.
	elif [ $((idle % 20)) -eq 19 ] && waits_for_lock; then
		echo "criu waits for a lock on a file that another process holds; try again"
		exit 0
	fi
	sleep 0.1
done
