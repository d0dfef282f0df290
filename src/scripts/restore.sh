#!/bin/sh
# SPDX-License-Identifier: MIT
# restore RUN IMAGES COMMAND...: runs COMMAND, which restores, where it finds what tmpfs.sh has saved. Those
# tmpfs are mounted in a mount namespace of its own: they are the container's alone once it runs, and
# gone by themselves if it never does.
# Before that it notes in RUN/made and IMAGES/made, for clean.sh, which of the container's hidden mount points (dump.sh) are
# not in its root: runc knows by their names alone that a tmpfs hides them, and makes those that are reached by a link.
run=$1 images=$2 saved=$2/tmpfs
shift 2

note_missing() {
	while read -r path; do
		while [ -n "$path" ] && [ ! -e "$path" ]; do
			echo "$path"
			path=${path%/*}
		done
	done <"$images/hidden" | sort -r -u >"$run/made.new"
	if [ -s "$run/made.new" ]; then
		cat "$run/made.new" >>"$run/made"
		cat "$run/made.new" >>"$images/made"
	fi
} 2>/dev/null

# Below or beside it runc makes the container's: for erase.sh.
while read -r line; do
	echo "$line"
done </proc/self/cgroup >"$run/cgroup" || exit 1
note_missing
[ -s "$saved/list" ] || exec "$@"
# Lines of an earlier try.
sed '/^external mnt\[tmpfs-/d' "$run/criu.conf" >"$run/criu.new" && mv "$run/criu.new" "$run/criu.conf" || exit 1
mkdir -p "$run/tmpfs"
# shellcheck disable=SC2016 # the inner shell's
exec unshare --mount sh -e -c '
	run=$1 saved=$2
	shift 2
	echo $$ >"$run/tmpfs.pid"
	while read -r number options; do
		case $number-$options in
		*[!A-Za-z0-9=,._-]*) exit 1 ;;
		esac
		dir=$run/tmpfs/$number
		mkdir -p "$dir"
		mount -t tmpfs -o "rw${options#r[ow]}" tmpfs "$dir"
		archive=$saved/$number.again
		[ -e "$archive" ] || archive=$saved/$number.tar
		tar --numeric-owner --same-permissions -C "$dir" -xf "$archive"
		case $options in
		ro | ro,*) mount -o remount,ro "$dir" ;;
		esac
		echo "external mnt[tmpfs-$number]:$dir" >>"$run/criu.conf"
	done <"$saved/list"
	exec "$@"
	' restore "$run" "$saved" "$@"
