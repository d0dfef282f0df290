#!/bin/sh
# SPDX-License-Identifier: MIT
# guard admit TAG ADDRESS PORT CLIENT: only CLIENT and this host can reach the page server at PORT.
# guard clear TAG: removes that rule. Both can be done twice.
verb=$1 tag=$2
shift 2
table=cmigrate_${tag}_guard
netns=

. part/ns.sh
. part/table.sh

by_nft() {
	command -v nft >/dev/null
}

family() {
	case $1 in *:*) echo "$2" ;; *) echo "$3" ;; esac
}

admit() {
	server=$1 port=$2 client=$3
	if by_nft; then
		ip=$(family "$client" ip6 ip)
		nft "add table inet $table; delete table inet $table; add table inet $table; add chain inet $table in { type filter hook input priority -400; }; add rule inet $table in tcp dport $port $ip saddr != { $server, $client } drop"
		return
	fi
	tables=$(family "$client" ip6tables iptables)
	"$tables" -w -t raw -I PREROUTING -p tcp --dport "$port" ! -s "$client" ! -i lo -m comment --comment "$table" -j DROP
}

unlist() { # TABLES: removes our rules that iptables-save shows, each by the words that added it
	"$1-save" -t raw 2>/dev/null | sed -n "/ --comment $table /s/^-A/-D/p" |
		while read -r rule; do
			# shellcheck disable=SC2086 # words of iptables-save, without quotes
			"$1" -w -t raw $rule || exit 1
		done
}

clear_rules() {
	if by_nft; then
		drop_table inet "$table"
		return
	fi
	unlist iptables && unlist ip6tables
}

case $verb in
admit) admit "$@" ;;
clear) clear_rules ;;
esac
