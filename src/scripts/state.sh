#!/bin/sh
# SPDX-License-Identifier: MIT
# state NAME: prints state=JSON as from `runc state`, or nothing if this host has no such container (or
# no runc at all). Fails if that is unclear.
if ! command -v runc >/dev/null; then
	[ -e "/run/runc/$1" ] || exit 0
	echo "there is no runc in $PATH, but it has left /run/runc/$1" >&2
	exit 1
fi

. part/runc.sh

runc_state "$1" || exit 1
[ -z "$state" ] || printf 'state=%s\n' "$(printf '%s' "$state" | tr '\n\r' '  ')"
