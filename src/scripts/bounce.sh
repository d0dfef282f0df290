#!/bin/sh
# SPDX-License-Identifier: MIT
# bounce set TAG NETNS IP/PREFIX@DEVICE,NEXT-HOP...
# bounce clear TAG NETNS
#
# Forwards packets that still arrive at the source for the addresses to the destination (nftables,
# ingress hook, fwd): at first only requests for new connections, so that half-open connections complete
# here; then, for an address in the set all4 or all6, everything. No neighbour has to hear of the move for that.
#
# From then on the frozen copy's kernel must say nothing either: an acknowledgement or a retransmission
# that it sends after the dump has a later TCP timestamp than what the restored copy goes on with, whose
# packets the client would drop as old ones. Table inet, TCP alone.
verb=$1 tag=$2 netns=$3
shift 3
table=cmigrate_$tag

. part/ns.sh
. part/spare.sh
. part/table.sh

rule() {
	hop=${1##*,} address=${1%,*}
	device=${address##*@} ip=${address%%/*} family=ip all=all4
	case $ip in *:*) family=ip6 all=all6 ;; esac
	to="fwd $family to $hop device \"$device\""
	chain=in_$(printf '%s' "$device" | tr -c 'A-Za-z0-9\n' _)
	echo "add chain netdev $table $chain { type filter hook ingress device \"$device\" priority -500; }"
	echo "add rule netdev $table $chain $family daddr $ip tcp flags & (syn | ack) == syn $to"
	echo "add rule netdev $table $chain $family daddr $ip $family daddr @$all $to"
}

rules() {
	echo "add table netdev $table"
	echo "delete table netdev $table"
	echo "add table netdev $table"
	echo "add set netdev $table all4 { type ipv4_addr; }"
	echo "add set netdev $table all6 { type ipv6_addr; }"
	echo "add table inet $table"
	echo "delete table inet $table"
	echo "add table inet $table"
	echo "add set inet $table all4 { type ipv4_addr; }"
	echo "add set inet $table all6 { type ipv6_addr; }"
	echo "add chain inet $table out { type filter hook output priority -400; }"
	echo "add rule inet $table out meta l4proto tcp ip saddr @all4 drop"
	echo "add rule inet $table out meta l4proto tcp ip6 saddr @all6 drop"
	for word in "$@"; do
		rule "$word"
	done
}

if [ "$verb" = clear ]; then
	drop_table netdev "$table" && drop_table inet "$table"
	exit
fi
# The address leaves during the dump, which has no time to spare for it.
for word in "$@"; do
	address=${word%,*}
	device=${address##*@}
	spare_others
done
rules "$@" | ns nft -f -
