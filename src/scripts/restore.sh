#!/bin/sh
# SPDX-License-Identifier: MIT
# restore RUN IMAGES COMMAND...: runs COMMAND, a restore, in a mount namespace of its own that has each tmpfs
# that tmpfs.sh saved: these mounts belong to the container alone once it runs, and disappear
# by themselves if it never does.
run=$1 saved=$2/tmpfs
shift 2
# runc makes the container's cgroup below or beside this one: erase.sh reads it.
while read -r line; do
	echo "$line"
done </proc/self/cgroup >"$run/cgroup" || exit 1
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
