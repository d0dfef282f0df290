#!/bin/sh
# SPDX-License-Identifier: MIT
# hold set|no_drop|clear TAG PRIORITY NETNS IP/PREFIX@DEVICE...
#
# Holds packets that arrive for the addresses. set prints how: "plug" or "bucket" (queued until
# that qdisc releases them) or "dropped" (a kernel without ifb, u32 or mirred: the senders
# repeat them; no_drop ends it). clear removes everything.
#
# Queue: arriving packets are redirected (by nft, else by tc) to an ifb device whose qdisc sends
# nothing. sch_plug is made for it; without it a token bucket of 100 bit a second, emptied
# first, does the same.
verb=$1 tag=$2 priority=$3 netns=$4
shift 4
ifb=cm$tag
table=cmigrate_$tag
# Records that a move made the ingress qdisc of a device, so that the last move to use it removes it. No
# container's name has an @: these are no work directories.
made=/run/cmigrate/ingress@

. part/ns.sh
. part/table.sh
. part/uptime.sh

devices() {
	for word in "$@"; do printf '%s\n' "${word##*@}"; done | sort -u
}

# From ip: /sys shows the devices of the network namespace it was mounted in.
largest_frame() {
	for device in $(devices "$@"); do
		ns ip -o link show dev "$device" | sed -n 's/.* mtu \([0-9]*\) .*/\1/p'
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

# By nftables, because the kernel stops a device for a moment, up to a second for a client, when an
# ingress qdisc is added or removed.
redirect_nft() {
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

redirect_tc() {
	device=${1##*@} ip=${1%%/*}
	if ! ns tc qdisc show dev "$device" | grep -q -E 'ingress|clsact'; then
		ns tc qdisc add dev "$device" ingress || return 1
		: >"$made$device"
	fi
	case $ip in
	*:*) ns tc filter add dev "$device" parent ffff: protocol ipv6 prio $((priority + 1)) u32 \
		match ip6 dst "$ip/128" action mirred egress redirect dev "$ifb" ;;
	*) ns tc filter add dev "$device" parent ffff: protocol ip prio "$priority" u32 \
		match ip dst "$ip/32" action mirred egress redirect dev "$ifb" ;;
	esac
}

queue() {
	make_queue "$@" || return 1
	command -v nft >/dev/null && redirect_nft "$@" && return 0
	for word in "$@"; do
		redirect_tc "$word" || return 1
	done
}

# The table in which iptables drops: one that is in use, because without nft a new one can't be removed again.
iptables_place() {
	case $(ns "$tables-save" 2>/dev/null) in
	*'*raw'*) echo raw PREROUTING ;;
	*'*mangle'*) echo mangle PREROUTING ;;
	*'*filter'*) echo filter INPUT ;;
	*) echo raw PREROUTING ;;
	esac
}

drop() {
	for word in "$@"; do
		ip=${word%%/*} family=ip tables=iptables
		case $ip in *:*) family=ip6 tables=ip6tables ;; esac
		if command -v nft >/dev/null; then
			ns nft "add table inet $table; add chain inet $table in { type filter hook prerouting priority -400; }; add rule inet $table in $family daddr $ip drop" || return 1
		else
			read -r place chain <<-END
				$(iptables_place)
			END
			ns "$tables" -w -t "$place" -I "$chain" -d "$ip" -m comment --comment "$table" -j DROP || return 1
		fi
	done
}

# The iptables commands that delete the rules of drop.
drops() {
	ns "$tables-save" 2>/dev/null | awk -v comment=" --comment $table " '
		/^\*/ { place = substr($0, 2) }
		/^-A / && index($0, comment) { print "-t " place " -D " substr($0, 4) }'
}

no_drop() {
	if command -v nft >/dev/null; then
		drop_table inet "$table"
		return
	fi
	for tables in iptables ip6tables; do
		drops | while read -r words; do
			# shellcheck disable=SC2086 # the words have no blanks: see drop()
			ns "$tables" -w $words
		done
	done >/dev/null 2>&1
	:
}

set_hold() {
	mkdir -p "${made%/*}"
	# A queue may be left by a move or a recovery that was killed, perhaps half made. It is made anew while packets
	# are dropped: if the address is up already, the kernel would answer a packet that comes through with a reset.
	# A bounce may be left if the container goes back to its source by a restore.
	if ns ip link show "$ifb" >/dev/null 2>&1 ||
		{ command -v nft >/dev/null && ns nft list table netdev "$table" >/dev/null 2>&1; }; then
		drop "$@"
		no_queue "$@"
	fi
	if queue "$@" 2>/dev/null; then
		no_drop "$@"
		echo "$kind"
	else
		no_queue "$@"
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
	! command -v nft >/dev/null || drop_table netdev "$table" || return
	for device in $(devices "$@"); do
		[ -e "$made$device" ] || ns tc filter show dev "$device" parent ffff: 2>/dev/null |
			grep -q "pref $priority \|pref $((priority + 1)) " || continue
		ns tc filter del dev "$device" parent ffff: protocol ip prio "$priority" 2>/dev/null
		ns tc filter del dev "$device" parent ffff: protocol ipv6 prio $((priority + 1)) 2>/dev/null
		if [ -e "$made$device" ] && [ -z "$(ns tc filter show dev "$device" parent ffff:)" ]; then
			ns tc qdisc del dev "$device" ingress 2>/dev/null
			rm -f "$made$device"
		fi
	done
	drain
	ns ip link del "$ifb" 2>/dev/null
	:
}

clear_hold() {
	no_queue "$@" && no_drop "$@" || return
	rmdir "${made%/*}" 2>/dev/null
	! ns ip link show "$ifb" >/dev/null 2>&1
}

case $verb in
set) set_hold "$@" ;;
clear) clear_hold "$@" ;;
*) "$verb" "$@" ;;
esac
