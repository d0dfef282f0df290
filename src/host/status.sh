#!/bin/sh
# SPDX-License-Identifier: MIT
# status NAME RUN: what a copy of a container does: "gate" while a dump that runs from RUN holds its
# processes (they are stopped then, though runc calls them running), else runc's word for it, else
# nothing. Fails where runc is not to be had. A container whose first process was killed has stopped,
# though for runc it runs until that is gone: its end can wait for an NFS server.
name=$1 run=$2
command -v runc >/dev/null || exit 1
# -q: a process that ends meanwhile is an error of reading, and must not hide a match.
if grep -q -a -z -x -F -e "CRIU_CONFIG_FILE=$run/criu.conf" /proc/[0-9]*/environ 2>/dev/null; then
	echo gate
	exit 0
fi
state=$(runc state "$name" 2>/dev/null)
of() { # KEY
	printf '%s\n' "$state" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([a-z0-9]*\).*/\1/p"
}
status=$(of status)
if [ "$status" = running ] && read -r stat <"/proc/$(of pid)/stat"; then
	# The flags, of which 4 is PF_EXITING.
	# shellcheck disable=SC2086 # words
	set -- ${stat##*) }
	[ $(($7 & 4)) -eq 0 ] || status=stopped
fi 2>/dev/null
[ -z "$status" ] || echo "$status"
exit 0
