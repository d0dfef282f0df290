#!/bin/sh
# SPDX-License-Identifier: MIT
# verdict RUN open|close|kill: what the gate is to do. The first verdict stands; giving another fails.
# kill, after close: ends a dump that hangs before it has begun with the container; no pass of pre-copy, which
# may be inside of the processes.
run=$1 word=$2
[ -p "$run/verdict" ] || exit 0
. part/marked.sh
if [ "$word" = kill ]; then
	[ -e "$run/word" ] && [ ! -e "$run/began" ] || exit 1
	pids=$(marked "CRIU_CONFIG_FILE=$run/criu.conf")
	for pid in $pids; do
		if [ -e "$run/in-pass" ] && read -r comm <"/proc/$pid/comm" && [ "$comm" = criu ]; then
			echo "a pass of pre-copy is not at its end yet" >&2
			exit 1
		fi
	done 2>&1
	for pid in $pids; do
		kill -9 "$pid" 2>/dev/null
	done
	exit 0
fi
umask 077
# A full disk leaves an empty file, which would be a verdict that nobody can give again.
printf '%s\n' "$word" >"$run/word.$$" || {
	rm -f "$run/word.$$"
	exit 1
}
# link(2) does not replace: two controllers can't say different things.
if ! ln "$run/word.$$" "$run/word" 2>/dev/null; then
	rm -f "$run/word.$$"
	said=$(cat "$run/word")
	[ "$said" = "$word" ] && exit 0
	echo "the gate has been told '$said' already" >&2
	exit 1
fi
rm -f "$run/word.$$"
exec 3<>"$run/verdict"
echo woken >&3
# The fifo keeps the line only while someone has it open: the gate has, or looks at the file first.
