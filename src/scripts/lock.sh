#!/bin/sh
# SPDX-License-Identifier: MIT
# lock DIR STAMP NONCE: takes the lock of a container's shared state, says "held NONCE" and keeps it until its stdin
# ends; then the lock file goes, and the directory where nothing else is in it. Exit code 75: another
# holds it. STAMP says who has it, NONCE that it is us who speak: what a login prints comes first.
#
# What is said meanwhile (64 KB of it need no reader) is acknowledged by the controller's kernel. Where it isn't for
# 20 s, the controller lost its power or is cut off, and its ssh has given up long ago (ServerAliveInterval): the
# connection is ended, for TCP itself would go on trying for a quarter of an hour.
dir=$1 stamp=$2 nonce=$3
umask 077
. part/literal.sh
# shellcheck disable=SC2086 # four words
set -- $SSH_CONNECTION
link=
if [ $# -eq 4 ]; then
	literal "$1"
	link="dst $literal and dport = :$2 and sport = :$4"
	literal "$3"
	link="$link and src $literal"
fi
# The file is removed while it is held, and the directory behind it: who waited for the old file notices that its
# number has changed (76). Both are tried again.
for _ in 1 2 3 4 5 6 7 8; do
	mkdir -- "$dir" 2>/dev/null
	# shellcheck disable=SC2016 # for the inner shell
	flock -n -E 75 "$dir/lock" sh -c '
		test "$(stat -c %i "$0")" = "$(stat -L -c %i /proc/$$/fd/3)" || exit 76
		echo "$1" >"$0"
		echo "held $2"
		(while sleep 3 >/dev/null 2>&1; do
			echo
			[ -n "$3" ] || continue
			ms=$(ss -H -tin "$3" 2>/dev/null | sed -n "s/.* lastack:\([0-9]*\).*/\1/p")
			case $ms in
			"" | *[!0-9]*) ;;
			*) [ "$ms" -lt 20000 ] || ss -K -H -tn "$3" >/dev/null 2>&1 ;;
			esac
		done) 3>&- &
		cat >/dev/null
		kill $!
		rm -f "$0"
		rmdir "${0%/*}" 2>/dev/null
		exit 0' "$dir/lock" "$stamp" "$nonce" "$link"
	status=$?
	case $status in
	0 | 75) break ;;
	76) ;;
	*) [ ! -d "$dir" ] || break ;;
	esac
done
exit "$status"
