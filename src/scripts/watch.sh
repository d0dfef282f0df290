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
. part/marked.sh
# A process of the restore is in flock or fcntl, which only a lock makes wait, or its open waits for a lease. CRIU's
# own title has overwritten its environment: it is found as a descendant of runc.
waits_for_lock() {
	case $(uname -m) in
	x86_64) calls='72|73' ;;
	aarch64) calls='25|32' ;;
	*) return 1 ;;
	esac
	# shellcheck disable=SC2046 # pids
	set -- $(marked "CRIU_CONFIG_FILE=$run/criu.conf") $(marked "CRIU_CONFIG_FILE=$run/parked.conf")
	while [ $# -gt 0 ]; do
		grep -q -E "^($calls) " "/proc/$1/syscall" 2>/dev/null && return 0
		grep -q lease "/proc/$1/wchan" 2>/dev/null && return 0
		# shellcheck disable=SC2046
		set -- "$@" $(cat "/proc/$1/task/"*/children 2>/dev/null)
		shift
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
