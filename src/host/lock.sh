#!/bin/sh
# SPDX-License-Identifier: MIT
# lock DIR STAMP NONCE: takes the lock of a container's shared state, says "held NONCE" and keeps it until its stdin
# ends; then the lock file goes, and the directory where nothing else is in it. Exit code 75: another
# holds it. STAMP says who has it, NONCE that it is us who speak: what a login prints comes first.
#
# What is said meanwhile (64 KB of it need no reader) lets the host's sshd notice that a controller is gone
# without a word, as behind a cut network: else the lock would stay for hours.
dir=$1 stamp=$2 nonce=$3
umask 077
# The file is removed while it is held, and the directory behind it: who waited for the old file notices that its
# number has changed (76). Both are tried again.
for _ in 1 2 3 4 5 6 7 8; do
	mkdir -- "$dir" 2>/dev/null
	# shellcheck disable=SC2016 # for the inner shell
	flock -n -E 75 "$dir/lock" sh -c '
		test "$(stat -c %i "$0")" = "$(stat -L -c %i /proc/$$/fd/3)" || exit 76
		echo "$1" >"$0"
		echo "held $2"
		(while sleep 3 >/dev/null 2>&1; do echo; done) 3>&- &
		cat >/dev/null
		kill $!
		rm -f "$0"
		rmdir "${0%/*}" 2>/dev/null
		exit 0' "$dir/lock" "$stamp" "$nonce"
	status=$?
	case $status in
	0 | 75) break ;;
	76) ;;
	*) [ ! -d "$dir" ] || break ;;
	esac
done
exit "$status"
