# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # the scripts set device
# spare_others: before an address leaves $device. With the kernel's default the first of a network takes all others of
# it along: those of other containers. Uses ns.
spare_others() {
	[ -z "$(ns ip -o -4 addr show dev "$device" secondary 2>/dev/null)" ] ||
		ns sysctl -q -w "net/ipv4/conf/$device/promote_secondaries=1"
}
