# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the scripts use it
# literal IP: sets literal to the form that ss takes: without brackets it takes the last group of an IPv6 address for a port.
literal() {
	case $1 in
	*:*) literal="[$1]" ;;
	*) literal=$1 ;;
	esac
}
