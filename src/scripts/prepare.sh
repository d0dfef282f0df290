#!/bin/sh
# SPDX-License-Identifier: MIT
# prepare ROLE RUN IMAGES [CRIU-OPTION]...
#
# Makes the work directory RUN of a move (logs, CRIU's configuration file; on a tmpfs, because CRIU
# logs thousands of lines) and on the source the images directory, the fifos and the gate. ROLE
# is source, destination, or ungated: a source whose dump doesn't wait. sender and receiver: source and destination
# of a move whose memory goes straight from one to the other (receive.sh).
# Prints "parks" on a destination whose restore may be started before there are images (park.sh).
# Fails if a directory exists already: two moves of one name. It may only contain memory that has been received.
role=$1 run=$2 images=$3
shift 3
umask 077
# Another cmigrate that ends may remove the empty directory above.
make_run() {
	for _ in 1 2 3 4 5 6 7 8; do
		mkdir -p "${run%/*}"
		mkdir "$run" 2>/dev/null && return
		[ -d "${run%/*}" ] && break
	done
	mkdir "$run"
}

[ "$role-$(ls -A "$run" 2>/dev/null)" = receiver-pages ] || make_run || exit 17
set -e
printf '%s\n' "$@" >"$run/criu.conf"
[ "$role" != receiver ] || mkfifo "$run/listens"
if [ "$role" = destination ] || [ "$role" = receiver ]; then
	# A script that stands in for runc may look at the images that it is called with.
	if [ "$(head -c 4 "$(command -v runc)" | tail -c 3)" = ELF ]; then
		mkfifo "$run/parked.conf"
		echo parks
	fi
	exit 0
fi
mkdir "$images"
[ "$role" != ungated ] || exit 0
# The gate says how many images there are, for gather.sh.
counts=
[ "$role" != sender ] || counts="set -- '$images'/*.img"
# verdict.sh links one of these, perhaps before anybody waits for it.
echo open >"$run/say-open"
echo close >"$run/say-close"
mkfifo "$run/parked" "$run/reached" "$run/served" "$run/verdict"
echo go >"$run/go"

# CRIU executes the gate twice. First before it looks at the container: CRIU waits there, started and ready, until
# "go" comes, so that neither its start nor runc's falls into the freeze. Then when the images are
# complete: CRIU ends the source's processes only if the gate returns 0. The gate says that it is reached, and waits
# without a limit: all fifos are opened for reading and writing, so a controller that dies ends
# no wait. The verdict is a file, and the fifo only wakes the gate: a verdict given early is found too.
make_gate() {
	cat >"$1" <<-GATE
		#!/bin/sh
		case \$CRTOOLS_IMAGE_DIR in
		'$images'/pass-*) exit 0 ;;
		esac
		case \$CRTOOLS_SCRIPT_ACTION in
		pre-dump) there=parked ;;
		post-dump) there=reached ;;
		status-ready)
			# A page server's hook; says so once, and does not wait.
			exec 4<>'$run/served'
			echo served >&4
			exit 0
			;;
		*) exit 0 ;;
		esac
		exec 3<>'$run/verdict' 4<>'$run/'\$there || exit 1
		: >'$run/at-'\$there
		$counts
		echo \$there \$# >&4
		while :; do
			case \$there-\$line-\$(cat '$run/word' 2>/dev/null) in
			*-close) exit 1 ;;
			reached-*-open) exit 0 ;;
			parked-go-)
				# From then on nobody kills us for being late. A gate that was closed meanwhile is noticed.
				: >'$run/began'
				[ ! -e '$run/word' ] || exit 1
				exit 0
				;;
			esac
			read -r line <&3
		done
	GATE
	chmod 0700 "$1"
}

# /run is mounted noexec on many systems; the shared directory isn't, because it has root file systems.
gate=$run/gate
make_gate "$gate"
if ! "$gate" 2>/dev/null; then
	rm -f "$gate"
	gate=$images.gate
	make_gate "$gate"
	"$gate"
fi
printf 'action-script "%s"\n' "$gate" >>"$run/criu.conf"
