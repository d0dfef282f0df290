#!/bin/sh
# SPDX-License-Identifier: MIT
# clean RUN [IMAGES] [keep]: removes the work directory, and the images where given. Fine when they are gone. What runc has
# made in the container's root for a restore (restore.sh) goes too, where nothing is in it.
# keep: but for the memory that came straight here (receive.sh), for a restore that is tried anew.
run=$1 images=$2 keep=$3
# Whoever still waits for a gate that was never reached stops waiting. The line is there until this script ends.
if [ -p "$run/reached" ]; then
	exec 3<>"$run/reached" 4<>"$run/parked" 5<>"$run/served"
	echo gone >&3
	echo gone >&4
	echo gone >&5
fi
# The same for a page server that never listened.
if [ -p "$run/listens" ]; then
	exec 6<>"$run/listens"
	echo >&6
fi
# A CRIU that crashed leaves all cgroup hierarchies mounted in its work directory.
mounts() {
	awk -v dir="$run/" 'index($2, dir) == 1 {print $2}' /proc/self/mounts
}
mounts | while read -r mount; do
	umount -l "$mount" 2>/dev/null
done
[ -z "$(mounts)" ] || {
	echo "still mounted: $(mounts | head -n 1)" >&2
	exit 1
}
for made in "$run/made" ${images:+"$images/made"}; do
	while read -r path; do
		rmdir "$path" || { [ -f "$path" ] && [ ! -s "$path" ] && rm -f "$path"; }
	done <"$made"
done 2>/dev/null
if [ -n "$keep" ] && [ -e "$run/pages" ]; then
	find "$run" -mindepth 1 -maxdepth 1 ! -name pages -exec rm -rf --one-file-system {} +
	[ "$(ls -A "$run")" = pages ]
	exit
fi
rm -rf --one-file-system "$run"
rmdir "${run%/*}" 2>/dev/null
if [ -n "$images" ]; then
	rm -rf "$images" "$images.gate"
	[ ! -e "$images" ] || exit 1
fi
[ ! -e "$run" ]
