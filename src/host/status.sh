#!/bin/sh
# SPDX-License-Identifier: MIT
# status NAME RUN: what a copy of a container does: "gate" while a dump that runs from RUN holds its
# processes (they are stopped then, though runc calls them running), else runc's word for it, else
# nothing. Fails where runc is not to be had.
name=$1 run=$2
command -v runc >/dev/null || exit 1
# -q: a process that ends meanwhile is an error of reading, and must not hide a match.
if grep -q -a -z -x -F -e "CRIU_CONFIG_FILE=$run/criu.conf" /proc/[0-9]*/environ 2>/dev/null; then
	echo gate
	exit 0
fi
runc state "$name" 2>/dev/null | sed -n 's/^ *"status": *"\([a-z]*\)".*/\1/p'
exit 0
