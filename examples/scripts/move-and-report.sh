#!/bin/sh
# SPDX-License-Identifier: MIT
# move-and-report.sh NAME DEST: moves a container, reports the result in one line, and reacts to failures.
# cmigrate(1) explains the exit codes.
set -u
name=${1:?usage: move-and-report.sh NAME DEST} destination=${2:?usage: move-and-report.sh NAME DEST}
# Report an outage longer than this, in milliseconds.
limit=${OUTAGE_LIMIT_MS:-1000}
tries=3

# The last line of --json is the summary.
move() {
	summary=$(cmigrate --json move "$name" "$destination" 2>/dev/null)
	status=$?
	summary=$(printf '%s\n' "$summary" | tail -n 1)
}

field() {
	printf '%s' "$summary" | jq -r ".$1 // empty"
}

move
# 7: another cmigrate holds the container. It ends soon, or has left a move to recover.
while [ "$status" -eq 7 ] && [ "$tries" -gt 0 ]; do
	tries=$((tries - 1))
	sleep 5
	summary=$(cmigrate --json recover "$name" 2>/dev/null | tail -n 1)
	# The interrupted move may have been this very one.
	if [ "$(field outcome)" = moved ] && [ "$(field destination)" = "$destination" ]; then
		status=0
		break
	fi
	move
done

case $status in
0)
	outage=$(field outage_ms)
	outage=${outage%.*}
	echo "$name: moved from $(field source) to $(field destination), outage ${outage:-?} ms"
	if [ "${outage:-0}" -gt "$limit" ]; then
		echo "$name: that is more than $limit ms: $(field 'memory_bytes') bytes of memory" >&2
	fi
	;;
3) echo "$name: not moved, a check refuses: $(field error)" >&2 ;;
4) echo "$name: still runs on $(field source): $(field error)" >&2 ;;
5) echo "$name: moved, but its endpoint is silent: $(field error)" >&2 ;;
6)
	# A host is silent. Nothing is started until it answers or is known to be off.
	echo "$name: in doubt: $(field error)" >&2
	cmigrate --quiet recover "$name"
	status=$?
	;;
*) echo "$name: $(field error)" >&2 ;;
esac
exit "$status"
