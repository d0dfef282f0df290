#!/bin/sh
# SPDX-License-Identifier: MIT
# nudge RUN ADDRESS PORT: makes a page server end (criu, in RUN's dump), whether it waits for a
# connection or has a dead one: then CRIU releases the source's processes, which stay frozen.
run=$1 address=$2 port=$3
. part/marked.sh
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	[ -n "$(marked "CRIU_CONFIG_FILE=$run/criu.conf")" ] || exit 0
	ss -K -H -tn state connected "sport = :$port" >/dev/null 2>&1
	# shellcheck disable=SC2016 # bash's words; no other shell connects
	timeout 1 bash -c ': <>"/dev/tcp/$1/$2"' bash "$address" "$port" 2>/dev/null
	sleep 0.1
done
exit 0
