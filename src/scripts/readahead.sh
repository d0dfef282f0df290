#!/bin/sh
# SPDX-License-Identifier: MIT
# readahead IMAGES NUMBER: reads the files of a pass of pre-copy into this host's cache, so that the
# restore needn't wait for the network or a disk. NFS keeps them cached: nobody writes to these files any more.
for file in "$1/pass-$2"/pages-*.img; do
	[ ! -e "$file" ] || dd if="$file" of=/dev/null bs=1M status=none || exit 1
done
