#!/bin/sh
# SPDX-License-Identifier: MIT
# lock DIR STAMP: takes the lock of a container's shared state, says "held" and keeps it until its stdin
# ends; then the lock file goes, and the directory where nothing else is in it. Exit code 75: another
# holds it. STAMP says who has it.
#
# What is said meanwhile (64 KB of it need no reader) lets the host's sshd notice that a controller is gone
# without a word, as behind a cut network: else the lock would stay for hours.
dir=$1 stamp=$2
umask 077
mkdir -- "$dir" 2>/dev/null
# The file is removed while it is held; who waits for the old file notices that its number has changed.
# shellcheck disable=SC2016 # for the inner shell
exec flock -n -E 75 "$dir/lock" sh -c '
	test "$(stat -c %i "$0")" = "$(stat -L -c %i /proc/$$/fd/3)" || exit 75
	echo "$1" >"$0"
	echo held
	(while sleep 3 >/dev/null 2>&1; do echo; done) 3>&- &
	cat >/dev/null
	kill $!
	rm -f "$0"
	rmdir "${0%/*}" 2>/dev/null' "$dir/lock" "$stamp"
