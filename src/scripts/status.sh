#!/bin/sh
# SPDX-License-Identifier: MIT
# status NAME RUN BUNDLE: what a copy of a container does: "gate" while a dump that runs from RUN holds its
# processes (they are stopped then, though runc calls them running), else runc's word for it, else nothing. Fails where
# runc is not to be had, or can't tell, or has another one of that name. A container whose first process was killed has
# stopped, though for runc it runs until that is gone: its end can wait for an NFS server.
name=$1 run=$2 bundle=$3
command -v runc >/dev/null || exit 1
. part/marked.sh
# If criu has been killed, the gate itself is left, and holds nobody.
for holder in $(marked "CRIU_CONFIG_FILE=$run/criu.conf"); do
	read -r comm <"/proc/$holder/comm" || continue
	case $comm in
	runc* | criu*)
		echo gate
		exit 0
		;;
	esac
done 2>/dev/null
. part/runc.sh
ask_runc "$name" || exit 1
if is_foreign "$bundle"; then
	echo "another container is called '$name' there, of '$bundle_there'" >&2
	exit 1
fi
# Its name may have any bytes.
if [ "$status" = running ] && stat=$(cat "/proc/$pid/stat"); then
	# The flags, of which 4 is PF_EXITING.
	# shellcheck disable=SC2086 # words
	set -- ${stat##*) }
	[ $(($7 & 4)) -eq 0 ] || status=stopped
fi 2>/dev/null
[ -z "$status" ] || echo "$status"
exit 0
