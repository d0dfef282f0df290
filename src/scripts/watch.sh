#!/bin/sh
# SPDX-License-Identifier: MIT
# watch RUN: looks at CRIU's log of a restore until it shows a failure, says which, and ends; or until
# the work directory is gone. runc takes 10 s to report a restore that failed at once, and a pages image
# that is too short makes CRIU repeat one line for ever, 50 MB a second.
run=$1
log_limit=200000000
# It reads from the end of a file over and over. Many alike lines of other kinds are a large memory's.
repeats() {
	[ "$1" -gt 2000000 ] && [ "$(tail -n 200 "$run/restore.log" 2>/dev/null | grep -c 'returned 0$')" -gt 50 ]
}
while [ -d "$run" ]; do
	size=$(stat -c %s "$run/restore.log" 2>/dev/null || echo 0)
	if [ "$size" -gt "$log_limit" ] || repeats "$size"; then
		: >"$run/restore.log"
		echo "criu repeats itself without end: an image is shorter than it should be"
		exit 0
	elif [ "$size" -gt 0 ] && tail -c 300 "$run/restore.log" 2>/dev/null | grep -q 'Restoring FAILED'; then
		exit 0
	fi
	sleep 0.1
done
