# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# drop_table FAMILY TABLE: deletes a table of nft; fine where it is gone, or the namespace
# with it, and where there is no nft: then there are no tables. Uses ns.
drop_table() {
	command -v nft >/dev/null || return 0
	why=$(LC_ALL=C ns nft delete table "$1" "$2" 2>&1) && return
	case $why in
	*'No such file or directory'*) return 0 ;;
	esac
	printf '%s\n' "$why" >&2
	return 1
}
