#!/bin/sh
# SPDX-License-Identifier: MIT
# lock DIR STAMP NONCE: takes the lock of a container's shared state, prints "held NONCE" and keeps it until its stdin
# ends; then it removes the lock file, and the directory if that is empty. Exit code 75: somebody else
# holds the lock. STAMP says who has it. NONCE marks our own line: a login may print lines before it.
#
# The lines printed meanwhile (64 KB need no reader) are acknowledged by the controller's kernel. If they aren't for
# 20 s, the controller has lost its power or its network, and its ssh gave up long ago (ServerAliveInterval): the
# connection is ended, because TCP itself would go on trying for a quarter of an hour.
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
# The file is removed while it is locked, and the directory after it: whoever waited for the old file sees that the
# inode has changed (76). Both cases are tried again.
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
