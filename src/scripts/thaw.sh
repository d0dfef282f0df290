#!/bin/sh
# SPDX-License-Identifier: MIT
# thaw NAME: lets a paused container go on, and succeeds only if it runs afterwards.
name=$1
. part/runc.sh
ask_runc "$name" || exit 1
if [ "$status" = paused ]; then
	runc resume "$name"
	ask_runc "$name" || exit 1
fi
[ "$status" = running ] && exit 0
echo "container '$name' is ${status:-not there}" >&2
exit 1
