#!/bin/sh
# SPDX-License-Identifier: MIT
# verdict RUN open|close|kill|again: what the gate is to do. The first verdict stands; giving another fails.
# again, after close, when nobody of that dump is left: the gate is as new, for another.
# kill, after close: ends a dump that hangs before it has begun with the container; no pass of pre-copy, which
# may be inside of the processes.
run=$1 word=$2
[ -p "$run/verdict" ] || exit 0
. part/marked.sh
if [ "$word" = again ]; then
	rm -f "$run/word" "$run/began" "$run/at-parked" "$run/at-reached" "$run/went-on"
	exit
fi
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
# link(2) does not replace: two controllers can't say different things. And it needs no room: on a /run that is full
# nothing could be written that says which.
if ! ln "$run/say-$word" "$run/word" 2>/dev/null; then
	said=$(cat "$run/word") || exit 1
	[ "$said" = "$word" ] && exit 0
	echo "the gate has been told '$said' already" >&2
	exit 1
fi
exec 3<>"$run/verdict"
echo woken >&3
# The fifo keeps the line only while someone has it open. The gate has it open, or looks at the file first.
