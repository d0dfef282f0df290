#!/bin/sh
# SPDX-License-Identifier: MIT
# hold set|no_drop|clear TAG NETNS IP/PREFIX@DEVICE...
#
# Holds back packets that arrive for the addresses. set prints how: "plug" or "bucket" (queued until
# that qdisc is told to let go) or "dropped" (there is no tc, or the kernel has no ifb: the senders
# repeat them; no_drop ends it). clear takes all away.
#
# Queue: nft redirects arriving packets to an ifb device whose qdisc lets nothing out. sch_plug is made
# for it. Where the kernel lacks that, a token bucket of 100 bit a second, emptied first, does the same.
verb=$1 tag=$2 netns=$3
shift 3
ifb=cm$tag
table=cmigrate_$tag

. part/ns.sh
. part/table.sh
. part/uptime.sh

# From ip, not from /sys: that shows the devices of the network namespace it was mounted in.
largest_frame() {
	for word in "$@"; do
		ns ip -o link show dev "${word##*@}" | sed -n 's/.* mtu \([0-9]*\) .*/\1/p'
	done | sort -n | tail -n 1
}

# The first packets would pass until the bucket is empty. Packets of our own go instead of them, and the last
# of ours waits at the head of the queue.
empty_bucket() {
	# Older versions of ping read the 0.01 as 0, and wait for ever.
	ns timeout 0.2 ping -q -l 3 -c 3 -W 0.01 -s $((burst - 600)) -I "$ifb" 192.0.2.1 >/dev/null 2>&1
	case $? in
	2 | 126 | 127) return 1 ;;
	esac
}

make_queue() {
	ns ip link add "$ifb" type ifb && ns ip link set "$ifb" up || return 1
	ns tc qdisc add dev "$ifb" root plug limit 33554432 2>/dev/null && kind=plug && return 0
	command -v ping >/dev/null || return 1
	burst=$(($(largest_frame "$@") + 500))
	ns tc qdisc add dev "$ifb" root tbf rate 100bit burst "$burst" limit 32mb || return 1
	empty_bucket || return 1
	kind=bucket
}

# Not by tc: the kernel stops a device for a moment, up to a second as a client sees it, when an ingress
# qdisc comes or goes.
redirect() {
	rules="add table netdev $table"
	for word in "$@"; do
		device=${word##*@} ip=${word%%/*} family=ip
		case $ip in *:*) family=ip6 ;; esac
		chain=in_$(printf '%s' "$device" | tr -c 'A-Za-z0-9\n' _)
		rules="$rules; add chain netdev $table $chain { type filter hook ingress device \"$device\" priority -400; }"
		rules="$rules; add rule netdev $table $chain $family daddr $ip fwd to \"$ifb\""
	done
	ns nft "$rules"
}

queue() {
	make_queue "$@" && redirect "$@"
}

drop() {
	for word in "$@"; do
		ip=${word%%/*} family=ip
		case $ip in *:*) family=ip6 ;; esac
		ns nft "add table inet $table; add chain inet $table in { type filter hook prerouting priority -400; }; add rule inet $table in $family daddr $ip drop" || return 1
	done
}

no_drop() {
	drop_table inet "$table"
}

set_hold() {
	# Left by a move or a recovery that was killed, perhaps half made. It is made anew under a drop:
	# where the address is up already, a packet that came through would be answered by a reset.
	# Or a bounce, where the container goes back to its source by a restore.
	if ns ip link show "$ifb" >/dev/null 2>&1 || ns nft list table netdev "$table" >/dev/null 2>&1; then
		drop "$@"
		no_queue
	fi
	if queue "$@" 2>/dev/null; then
		no_drop
		echo "$kind"
	else
		no_queue
		drop "$@" || exit 1
		echo dropped
	fi
}

# No packet enters the queue any more. Released packets that are still in it leave first, for
# 100 ms at most; a queue that was not released is dropped.
drain() {
	late=$(($(uptime) + 10))
	while [ "$(uptime)" -le "$late" ]; do
		ns tc -s qdisc show dev "$ifb" 2>/dev/null | grep -q 'backlog 0b 0p' &&
			ns ip -s link show dev "$ifb" | awk '
				/RX:/ { getline; received = $2 - $4 }
				/TX:/ { getline; sent = $2 }
				END { exit sent < received }' && return 0
		ns ip link show "$ifb" >/dev/null 2>&1 || return 0
		sleep 0.005
	done
}

no_queue() {
	drop_table netdev "$table" || return
	drain
	ns ip link del "$ifb" 2>/dev/null
	:
}

clear_hold() {
	no_queue && no_drop || return
	! ns ip link show "$ifb" >/dev/null 2>&1
}

case $verb in
set) set_hold "$@" ;;
clear) clear_hold ;;
no_drop) no_drop ;;
esac
