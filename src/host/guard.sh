#!/bin/sh
# SPDX-License-Identifier: MIT
# guard admit TAG ADDRESS PORT CLIENT: nobody but CLIENT (and this host) reaches the page server at PORT.
# guard silence TAG NETNS IP...: nothing is sent from the addresses any more: a copy that is ended here
# must not tell its clients, whose connections go on elsewhere.
# guard clear TAG NETNS [IP...]: takes both away. Everything can be done twice.
verb=$1 tag=$2
shift 2
table=cmigrate_${tag}_guard

ns() {
	if [ -n "$netns" ]; then
		nsenter --net="$netns" -- "$@"
	else
		"$@"
	fi
}

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

silence() {
	for ip in "$@"; do
		if by_nft; then
			ns nft "add table inet $table; add chain inet $table out { type filter hook output priority -400; }; add rule inet $table out $(family "$ip" ip6 ip) saddr $ip drop" || return 1
		else
			ns "$(family "$ip" ip6tables iptables)" -w -t raw -I OUTPUT -s "$ip" -m comment --comment "$table" -j DROP || return 1
		fi
	done
}

unlist() { # TABLES: what iptables-save shows of ours is removed as it was added
	ns "$1-save" -t raw 2>/dev/null | sed -n "/ --comment $table /s/^-A/-D/p" |
		while read -r rule; do
			# shellcheck disable=SC2086 # words of iptables-save, without quotes
			ns "$1" -w -t raw $rule || exit 1
		done
}

clear_here() {
	if by_nft; then
		ns nft delete table inet "$table" 2>/dev/null
		return 0
	fi
	unlist iptables && unlist ip6tables
}

netns=
case $verb in
admit) admit "$@" ;;
silence) netns=$1 && shift && silence "$@" ;;
clear)
	clear_here || exit 1
	netns=$1
	[ -z "$netns" ] || clear_here
	;;
esac
