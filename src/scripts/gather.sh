#!/bin/sh
# SPDX-License-Identifier: MIT
# gather IMAGES PAGES COUNT|all: copies the images of the shared directory beside the memory that came straight
# here (receive.sh), because CRIU looks for all of them in one directory. COUNT: how many the source has written;
# 0: none yet but the list of descriptors, which runc reads first; all: the number is not known any more. Copies, because
# a link would lead nowhere once CRIU has changed its root, and CRIU takes an image that it doesn't find for empty.
images=$1 pages=$2 count=$3
umask 077

# NFS may remember an older list of the directory; it forgets that when this host changes the directory.
look_again() {
	mkdir "$images/look.$$" && rmdir "$images/look.$$"
}

gather() {
	set -- "$images"/*.img
	[ "$count" = all ] || [ $# -eq "$count" ] || return 1
	cp "$@" "$images/descriptors.json" "$pages/" || exit 1
}

[ "$count" != 0 ] || exec cp "$images/descriptors.json" "$pages/"
[ "$count" = all ] || ! gather || exit 0
look_again && gather && exit 0
echo "not all images of the dump are in '$images'" >&2
exit 1
