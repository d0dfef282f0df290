# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# drop_table FAMILY TABLE: deletes a table of nft; succeeds if the table or the namespace is gone. Uses ns.
drop_table() {
	why=$(LC_ALL=C ns nft delete table "$1" "$2" 2>&1) && return
	case $why in
	*'No such file or directory'*) return 0 ;;
	esac
	printf '%s\n' "$why" >&2
	return 1
}
