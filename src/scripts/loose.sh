#!/bin/sh
# SPDX-License-Identifier: MIT
# loose note NAME RUN: before anything lets a frozen container go on: leaves a mark of that in RUN and prints "goes on".
# From then on nobody may start it from its images. A container that has ended, or was killed and lives only because it
# is frozen, does not go on: it gets no mark, and its images are the way back.
# loose thaw NAME FREEZER: thaws its cgroup. Processes that CRIU holds stay held. Succeeds if the cgroup is gone.
verb=$1
shift

. part/runc.sh

# SIGKILL waits for it (bit 8 of SigPnd or ShdPnd), or it is exiting (4 is PF_EXITING of the flags in stat).
is_dying() {
	while read -r key bits; do
		case $key-$bits in
		SigPnd:-*[13579bdf][0-9a-f][0-9a-f] | ShdPnd:-*[13579bdf][0-9a-f][0-9a-f]) return 0 ;;
		esac
	done <"/proc/$pid/status"
	stat=$(cat "/proc/$pid/stat") || return 0
	# shellcheck disable=SC2086 # words
	set -- ${stat##*) }
	[ $(($7 & 4)) -ne 0 ]
}

note() {
	name=$1 run=$2
	ask_runc "$name" || return 1
	case $status in
	running | paused) ;;
	*) return 0 ;;
	esac
	# A process that is gone by now is dying too.
	is_dying 2>/dev/null && return
	# A link needs no room on a /run that is full.
	[ ! -e "$run/criu.conf" ] || ln -f "$run/criu.conf" "$run/went-on" || return 1
	echo "goes on"
}

thaw() {
	freezer=$2
	case $freezer in
	*/freezer.state) word=THAWED ;;
	*/cgroup.freeze) word=0 ;;
	*) return 0 ;;
	esac
	[ ! -e "$freezer" ] || echo "$word" >"$freezer"
}

case $verb in
note) note "$@" ;;
thaw) thaw "$@" ;;
esac
