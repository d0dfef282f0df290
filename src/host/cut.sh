#!/bin/sh
# SPDX-License-Identifier: MIT
# cut RUN ADDRESS PORT: ends the connection by which a dump that runs from RUN sends memory to the page server
# at ADDRESS and PORT, until the dump has ended: one that waits for a host which is gone would do so for minutes,
# with the container's processes in its hands. CRIU lets go of them alive.
run=$1 address=$2 port=$3
. part/marked.sh
case $address in *:*) address="[$address]" ;; esac
tries=0
while [ "$tries" -lt 100 ]; do
	[ -n "$(marked "CRIU_CONFIG_FILE=$run/criu.conf")" ] || exit 0
	ss -K -H -tn state connected "dst $address and dport = :$port" >/dev/null 2>&1
	tries=$((tries + 1))
	sleep 0.02
done
exit 0
