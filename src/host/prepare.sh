#!/bin/sh
# SPDX-License-Identifier: MIT
# prepare ROLE RUN IMAGES [CRIU-OPTION]...
#
# Makes the work directory RUN of a move (logs, CRIU's configuration file; on a tmpfs, since CRIU
# logs thousands of lines) and on the source the images directory, the two fifos and the gate. ROLE
# is source, destination, or ungated: a source whose dump waits for nobody.
# Prints nothing. Fails if a directory is there already: two moves of one name.
role=$1 run=$2 images=$3
shift 3
umask 077
set -e
mkdir -p "${run%/*}"
mkdir "$run"
printf '%s\n' "$@" >"$run/criu.conf"
[ "$role" != destination ] || exit 0
mkdir "$images"
[ "$role" = source ] || exit 0
mkfifo "$run/reached" "$run/verdict"

# CRIU executes this after the images are complete, and ends the source's processes only if it
# returns 0. It says so, and waits for a verdict as long as it takes: both fifos are opened for
# reading and writing, so a controller that dies ends no wait. The verdict is a file, the fifo only
# wakes: a verdict given before the gate is reached is found as well.
make_gate() {
	cat >"$1" <<-GATE
		#!/bin/sh
		[ "\$CRTOOLS_SCRIPT_ACTION" = post-dump ] || exit 0
		exec 3<>'$run/verdict' 4<>'$run/reached' || exit 1
		: >'$run/at-gate'
		echo reached >&4
		while :; do
			case \$(cat '$run/word' 2>/dev/null) in
			open) exit 0 ;;
			close) exit 1 ;;
			esac
			read -r woken <&3
		done
	GATE
	chmod 0700 "$1"
}

# /run is mounted noexec on many systems; the shared directory holds root file systems and isn't.
gate=$run/gate
make_gate "$gate"
if ! "$gate" 2>/dev/null; then
	rm -f "$gate"
	gate=$images.gate
	make_gate "$gate"
	"$gate"
fi
printf 'action-script "%s"\n' "$gate" >>"$run/criu.conf"
