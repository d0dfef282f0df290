#!/bin/sh
# SPDX-License-Identifier: MIT
# state NAME: prints state=JSON as of `runc state`, nothing where this host has no such container (or
# no runc at all). Fails where that can't be told.
command -v runc >/dev/null || exit 0
if state=$(runc state "$1" 2>/dev/null); then
	printf 'state=%s\n' "$(printf '%s' "$state" | tr '\n\r' '  ')"
	exit 0
fi
why=$(runc state "$1" 2>&1)
case $why in
*"does not exist"*) exit 0 ;;
esac
printf '%s\n' "$why" >&2
exit 1
