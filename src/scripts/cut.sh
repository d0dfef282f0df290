#!/bin/sh
# SPDX-License-Identifier: MIT
# cut dump|fetch RUN ADDRESS PORT: ends the connection with the page server at ADDRESS and PORT of what belongs
# to RUN, until that has ended: who waits for a host which is gone does so for minutes, or for ever where nothing is
# left to be sent. A dump sends memory there, with the container's processes in its hands: CRIU lets go of them alive.
# What fetches memory (pages.sh) ends the copy that lacks it.
case $1 in
dump) mark=CRIU_CONFIG_FILE=$2/criu.conf ;;
*) mark=CMIGRATE_PAGES=$2 ;;
esac
address=$3 port=$4
. part/marked.sh
. part/literal.sh
literal "$address"
tries=0
while [ "$tries" -lt 100 ]; do
	[ -n "$(marked "$mark")" ] || exit 0
	ss -K -H -tn state connected "dst $literal and dport = :$port" >/dev/null 2>&1
	tries=$((tries + 1))
	sleep 0.02
done
exit 0
