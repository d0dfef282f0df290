#!/bin/sh
# SPDX-License-Identifier: MIT
# restore RUN COMMAND...
#
# Runs `runc restore -d ...` with its output in RUN and watches CRIU's log beside it: runc takes 10 s
# to report a restore that failed at once, and a pages image that is too short makes CRIU repeat one
# line for ever, 50 MB a second.
run=$1
shift
log_limit=50000000

watch() {
	# Its last sleep outlives the restore: it must not be taken for a dump at its gate.
	unset CRIU_CONFIG_FILE
	while sleep 0.05; do
		size=$(stat -c %s "$run/restore.log" 2>/dev/null || echo 0)
		if [ "$size" -gt "$log_limit" ]; then
			: >"$run/restore.log"
			echo "criu repeats itself without end: an image is shorter than it should be" >"$run/restore.why"
		elif tail -c 300 "$run/restore.log" 2>/dev/null | grep -q 'Restoring FAILED'; then
			echo "criu reported: Restoring FAILED" >"$run/restore.why"
		else
			continue
		fi
		kill -9 "$1"
		return
	done
}

"$@" </dev/null >"$run/restore.out" 2>&1 &
runc=$!
watch "$runc" </dev/null >/dev/null 2>&1 &
watcher=$!
wait "$runc"
status=$?
kill "$watcher" 2>/dev/null
[ "$status" -eq 0 ] || cat "$run/restore.why" >&2 2>/dev/null
exit "$status"
