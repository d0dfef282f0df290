# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# absent FILE: whether it certainly does not exist. test(1) fails as well for a file that an NFS server can't give just now.
absent() {
	case $(LC_ALL=C ls -d "$1" 2>&1) in
	*'No such file or directory'*) ;;
	*) return 1 ;;
	esac
}
