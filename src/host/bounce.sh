#!/bin/sh
# SPDX-License-Identifier: MIT
# bounce syn|all|clear TAG NETNS NEXT-HOP-4 NEXT-HOP-6 IP/PREFIX@DEVICE...
#
# Sends packets that still arrive at the source for the addresses on to the destination (nftables,
# ingress hook, fwd): first only requests for new connections, so that those being made are finished
# here; then, as the container is frozen, everything. No neighbour has to hear of the move for that.
verb=$1 tag=$2 netns=$3 hop4=$4 hop6=$5
shift 5
table=cmigrate_$tag

ns() {
	if [ -n "$netns" ]; then
		nsenter --net="$netns" -- "$@"
	else
		"$@"
	fi
}

rule() {
	device=${1##*@} ip=${1%%/*}
	case $ip in
	*:*) match="ip6 daddr $ip" to="fwd ip6 to $hop6 device \"$device\"" hop=$hop6 ;;
	*) match="ip daddr $ip" to="fwd ip to $hop4 device \"$device\"" hop=$hop4 ;;
	esac
	[ -n "$hop" ] || return 1
	# shellcheck disable=SC2016 # nft's own syntax
	[ "$verb" = syn ] && match="$match tcp flags & (syn | ack) == syn"
	chain=in_$(printf '%s' "$device" | tr -c 'A-Za-z0-9\n' _)
	echo "add chain netdev $table $chain { type filter hook ingress device \"$device\" priority -500; }"
	echo "add rule netdev $table $chain $match $to"
}

rules() {
	echo "add table netdev $table"
	echo "delete table netdev $table"
	echo "add table netdev $table"
	for word in "$@"; do
		rule "$word" || return 1
	done
}

if [ "$verb" = clear ]; then
	command -v nft >/dev/null && ns nft delete table netdev "$table" 2>/dev/null
	exit 0
fi
rules=$(rules "$@") || exit 1
printf '%s\n' "$rules" | ns nft -f -
