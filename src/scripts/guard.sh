#!/bin/sh
# SPDX-License-Identifier: MIT
# guard admit TAG ADDRESS PORT CLIENT: nobody but CLIENT (and this host) reaches the page server at PORT.
# guard clear TAG: takes that away. Both can be done twice.
verb=$1 tag=$2
shift 2
table=cmigrate_${tag}_guard
netns=

. part/ns.sh
. part/table.sh

admit() {
	server=$1 port=$2 client=$3 family=ip
	case $client in *:*) family=ip6 ;; esac
	nft "add table inet $table; delete table inet $table; add table inet $table; add chain inet $table in { type filter hook input priority -400; }; add rule inet $table in tcp dport $port $family saddr != { $server, $client } drop"
}

case $verb in
admit) admit "$@" ;;
clear) drop_table inet "$table" ;;
esac
