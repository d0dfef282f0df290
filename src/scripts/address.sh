#!/bin/sh
# SPDX-License-Identifier: MIT
# address up|enter|down|announce NETNS IP/PREFIX@DEVICE...
#
# up: adds each address that isn't there; enter: the same while no copy runs yet; announce: tells the neighbours;
# down: takes each off whichever device has it. NETNS "": the host's own network namespace.
verb=$1 netns=$2
shift 2

. part/ns.sh
. part/spare.sh
. part/literal.sh

# The devices that have this address, with its prefix or peer: "DEVICE IP/PREFIX" lines. None if the
# namespace is gone.
where() {
	[ -z "$netns" ] || [ -e "$netns" ] || return 0
	told=$(ns ip -o addr show to "$1") || return
	[ -z "$told" ] || printf '%s\n' "$told" | awk -v ip="$1" '
		$4 == ip && $5 == "peer" {print $2, $4, $5, $6}
		index($4, ip "/") == 1 {print $2, $4}'
}

# An IPv6 address is added as deprecated, so that the host's own connections don't come from it: they would break
# when it moves, the one to the other host first of all.
up() {
	case $ip in
	*:*) ns ip addr replace "$cidr" dev "$device" nodad preferred_lft 0 ;;
	*) ns ip addr replace "$cidr" dev "$device" ;;
	esac
}

# A copy that was killed here has left its connections to the kernel, which goes on closing them for
# minutes: a restore of the same connections fails with "Cannot assign requested address".
enter() {
	literal "$ip"
	ns ss -K -H -tn state connected "src $literal" >/dev/null 2>&1
	up
}

# Gratuitous ARP as request and as reply: some neighbours believe only one of them. Once: a late
# repetition could take the address back from a host it has moved on to. It runs in the background,
# because arping waits a second after its last packet; the parentheses close our output.
# If arping is missing or fails, the kernel does it.
announce() {
	case $ip in
	*:*) by_kernel ipv6 ndisc_notify ;;
	*)
		(ns timeout 2 arping -q -U -c 1 -w 1 -I "$device" "$ip" || by_kernel ipv4 arp_notify) </dev/null >/dev/null 2>&1 &
		(ns timeout 2 arping -q -A -c 1 -w 1 -I "$device" "$ip") </dev/null >/dev/null 2>&1 &
		;;
	esac
}

# No common program sends unsolicited neighbour advertisements, but the kernel does, for all addresses
# of a device whose link-layer address is set (here: to the same one), if ndisc_notify is on; for ARP the setting
# is arp_notify. The link-layer address comes from ip, because /sys shows the devices of the network
# namespace it was mounted in. Does nothing for an address that has moved on meanwhile.
by_kernel() { # ipv4|ipv6 SETTING
	notify=net/$1/conf/$device/$2
	mac=$(ns ip -o link show dev "$device" | sed -n 's/.* link\/[a-z0-9]* \([0-9a-f:]*\) .*/\1/p')
	[ -n "$mac" ] && [ -n "$(where "$ip")" ] || return 0
	old=$(ns sysctl -n "$notify" 2>/dev/null) || return 0
	ns sysctl -q -w "$notify=1"
	ns ip link set dev "$device" address "$mac" 2>/dev/null
	ns sysctl -q -w "$notify=$old"
}

down() {
	places=$(where "$ip") || return
	[ -z "$places" ] || printf '%s\n' "$places" | while read -r device words; do
		spare_others
		# shellcheck disable=SC2086 # an address, or that and its peer
		ns ip addr del $words dev "$device" || exit 1
	done
}

for word in "$@"; do
	cidr=${word%@*}
	device=${word##*@}
	ip=${cidr%/*}
	"$verb" || exit 1
done
