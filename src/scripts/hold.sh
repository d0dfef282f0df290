#!/bin/sh
# SPDX-License-Identifier: MIT
# hold set|no_drop|clear TAG PRIORITY NETNS IP/PREFIX@DEVICE...
#
# Holds back packets that arrive for the addresses. set prints how: "plug" or "bucket" (queued until
# that qdisc is told to let go) or "dropped" (a kernel without ifb, u32 or mirred: the senders
# repeat them; no_drop ends it). clear takes all away.
#
# Queue: arriving packets are redirected (nft, or tc where nft can't) to an ifb device whose qdisc lets
# nothing out. sch_plug is made for it; where it is missing, a token bucket of 100 bit a second, emptied
# first, does the same.
verb=$1 tag=$2 priority=$3 netns=$4
shift 4
ifb=cm$tag
table=cmigrate_$tag
# Who made the ingress qdisc of a device, so that the last move to use it takes it away. No
# container's name has an @: these are nobody's work directories.
made=/run/cmigrate/ingress@

. part/ns.sh
. part/table.sh
. part/uptime.sh

devices() {
	for word in "$@"; do printf '%s\n' "${word##*@}"; done | sort -u
}

# From ip, not from /sys: that shows the devices of the network namespace it was mounted in.
largest_frame() {
	for device in $(devices "$@"); do
		ns ip -o link show dev "$device" | sed -n 's/.* mtu \([0-9]*\) .*/\1/p'
	done | sort -n | tail -n 1
}

# The first packets would pass until the bucket is empty: these go instead of them, and the last of
# them waits at the head of the queue.
empty_bucket() {
	# Older pings read the 0.01 as 0, and wait for ever.
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

# By nftables: the kernel stops a device for a moment, up to a second as a client sees it, when an
# ingress qdisc comes or goes.
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

# Where iptables is to drop: in a table that is in use, for without nft a new one can't be removed again.
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

# The iptables commands that delete what drop has made.
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
	# Left by a move or a recovery that was killed, perhaps half made. It is made anew under a drop:
	# where the address is up already, a packet that came through would be answered by a reset.
	# Or a bounce, where the container goes back to its source by a restore.
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

# Nothing comes in any more: what was released and is still on its way through the queue goes first, for
# 100 ms at most; of a queue that was not released nothing does.
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
