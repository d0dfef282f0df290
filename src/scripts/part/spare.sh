# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # the scripts set device
# spare_others: called before an address leaves $device. By default the kernel removes all addresses of a network
# with its first, so those of other containers too. Uses ns.
spare_others() {
	[ -z "$(ns ip -o -4 addr show dev "$device" secondary 2>/dev/null)" ] ||
		ns sysctl -q -w "net/ipv4/conf/$device/promote_secondaries=1"
}
