#!/bin/sh
# SPDX-License-Identifier: MIT
# refill RUN IMAGES: gives a parked restore the contents of each tmpfs as they were when the container
# froze (tmpfs.sh same), because they had changed.
run=$1 saved=$2/tmpfs
read -r pid <"$run/tmpfs.pid" || exit 1
# restore.sh has looked for the new archives before they were there. NFS may remember that until this host
# changes the directory.
umask 077
look=$(mktemp -d "$saved/look.XXXXXXXX") && rmdir "$look" || exit 1
# shellcheck disable=SC2016 # the inner shell's
exec nsenter --mount="/proc/$pid/ns/mnt" -- sh -e -c '
	while read -r number options; do
		case $options in
		ro | ro,*) continue ;;
		esac
		find "$1/tmpfs/$number" -xdev -mindepth 1 -delete
		tar --numeric-owner --same-permissions -C "$1/tmpfs/$number" -xf "$2/$number.again"
	done <"$2/list"
	' refill "$run" "$saved"
