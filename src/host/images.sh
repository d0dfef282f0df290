#!/bin/sh
# SPDX-License-Identifier: MIT
# images DIRECTORY BUNDLE [PAGES]: succeeds where the images of a finished dump are there, ends with 1 where they
# aren't, with 2 where that can't be seen: the bundle is not there either. CRIU writes the inventory last, runc
# the list of descriptors first. What was saved ahead must have been compared (tmpfs.sh). PAGES: where on this host
# the memory must have come to (receive.sh).
complete() { # DIRECTORY PAGES
	[ -s "$1/inventory.img" ] && [ -s "$1/pstree.img" ] && [ -e "$1/descriptors.json" ] || return
	[ -z "$2" ] || [ -e "$2/received" ] || return
	[ ! -e "$1/tmpfs" ] || [ -e "$1/tmpfs/checked" ]
}

complete "$1" "$3" && exit 0
for file in "$2/config.json" "$2/.cmigrate/journal"; do
	head -c 1 "$file" >/dev/null 2>&1 && exit 1
done
exit 2
