#!/bin/sh
# SPDX-License-Identifier: MIT
# thaw NAME: lets a paused container go on, and succeeds only if it runs afterwards.
name=$1
status() {
	runc state "$name" 2>/dev/null | sed -n 's/^ *"status": *"\([a-z]*\)".*/\1/p'
}
case $(status) in
paused) runc resume "$name" ;;
esac
now=$(status)
[ "$now" = running ] && exit 0
echo "container '$name' is ${now:-not there}" >&2
exit 1
