#!/bin/sh
# SPDX-License-Identifier: MIT
# unpage RUN: ends pages.sh, which fetches memory, and waits for its end. Only if no copy needs it any more.
run=$1
. part/marked.sh
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	pids=$(marked "CMIGRATE_PAGES=$run")
	[ -n "$pids" ] || exit 0
	# shellcheck disable=SC2086 # a list of numbers
	kill -9 $pids 2>/dev/null
	sleep 0.05
done
echo "the process that fetches memory does not end" >&2
exit 1
