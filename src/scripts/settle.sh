#!/bin/sh
# SPDX-License-Identifier: MIT
# settle NETNS IP...: waits, for 250 ms at most, until no connection to the addresses is half open or waits
# to be accepted. CRIU does not dump such connections; new ones go to the destination already.
netns=$1
shift

. part/ns.sh
. part/literal.sh

busy() {
	for ip in "$@"; do
		literal "$ip"
		ns ss -H -tn state syn-recv "src $literal" | grep -q . && return 0
		# Recv-Q of a listener: connections not yet accepted. It has our address or the wildcard.
		ns ss -H -ltn | awk -v ip="$ip" '$2 > 0 && (index($4, ip ":") == 1 || index($4, "[" ip "]:") == 1 ||
			$4 ~ /^(0\.0\.0\.0|\*|\[::\]):/) {found = 1} END {exit !found}' && return 0
	done
	return 1
}

for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
	busy "$@" || exit 0
	sleep 0.005
done
