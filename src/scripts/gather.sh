#!/bin/sh
# SPDX-License-Identifier: MIT
# gather IMAGES PAGES COUNT|all: puts the images of the shared directory beside the memory that came straight
# here (receive.sh), for CRIU looks for all of them in one directory. COUNT: as many as the source has written,
# 0: none yet but the list of descriptors, that runc reads first; all: nobody can say any more. Copies, for
# when CRIU has changed its root a link would lead nowhere, and an image that isn't found counts as empty.
images=$1 pages=$2 count=$3
umask 077

# A list of before may be remembered here: NFS forgets it when the directory is changed from here.
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
echo "not all images of the dump are to be seen in '$images'" >&2
exit 1
