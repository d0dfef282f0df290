#!/bin/sh
# SPDX-License-Identifier: MIT
# guard admit TAG ADDRESS PORT CLIENT: nobody but CLIENT (and this host) reaches the page server at PORT.
# Another move may have PORT, though it does not listen yet: then it is one of the next. Prints which.
# guard clear TAG: takes that away. Both can be done twice.
verb=$1 tag=$2
shift 2
table=cmigrate_${tag}_guard
netns=

. part/ns.sh
. part/table.sh

taken() { # PORT
	[ -z "$(ss -H -ltn "sport = :$1")" ] || return 0
	nft list ruleset inet | awk -v own="$table" -v rule="tcp dport $1 " '
		/^table/ { other = $3 ~ /^cmigrate_[0-9a-f]+_guard$/ && $3 != own }
		other && index($0, rule) { found = 1 }
		END { exit !found }'
}

admit() {
	server=$1 port=$2 client=$3 family=ip
	case $client in *:*) family=ip6 ;; esac
	last=$((port + 2000))
	# One after the other: two moves must not find the same port free.
	exec 9</run/cmigrate && flock 9 || exit 1
	while taken "$port"; do
		port=$((port + 1))
		[ "$port" -lt "$last" ] || { echo "no port for memory is free" >&2; exit 1; }
	done
	nft "add table inet $table; delete table inet $table; add table inet $table; add chain inet $table in { type filter hook input priority -400; }; add rule inet $table in tcp dport $port $family saddr != { $server, $client } drop" && echo "$port"
}

case $verb in
admit) admit "$@" ;;
clear) drop_table inet "$table" ;;
esac
