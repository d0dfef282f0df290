#!/bin/sh
# SPDX-License-Identifier: MIT
# cut dump|fetch RUN ADDRESS PORT: ends the connection of RUN's dump or fetch with the page server at ADDRESS and PORT,
# again and again until that process has ended: it would wait for a host that is gone for minutes, or for ever if it has
# nothing left to send. A dump sends memory there while it holds the container's processes: CRIU releases them alive.
# A fetch (pages.sh) ends the copy that lacks its memory.
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
