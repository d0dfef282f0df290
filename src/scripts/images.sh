#!/bin/sh
# SPDX-License-Identifier: MIT
# images DIRECTORY BUNDLE [PAGES]: succeeds if the images of a finished dump are there, ends with 1 if they
# certainly aren't, with 2 if that can't be seen. CRIU writes the inventory last, runc the list of descriptors first.
# A tmpfs that was saved ahead must have been compared (tmpfs.sh). PAGES: the directory of this host that must have the
# memory (receive.sh). Prints a checksum over the names and sizes of complete images: a host that sees the same
# files prints the same sum.
images=$1 bundle=$2 pages=$3

. part/absent.sh

whole() {
	[ -s "$images/inventory.img" ] && [ -s "$images/pstree.img" ] && [ -e "$images/descriptors.json" ] || return
	[ -z "$pages" ] || [ -e "$pages/received" ] || return
	[ ! -e "$images/tmpfs" ] || [ -e "$images/tmpfs/checked" ]
}

lacks_something() {
	for file in "$images/inventory.img" "$images/pstree.img" "$images/descriptors.json" ${pages:+"$pages/received"}; do
		absent "$file" && return
	done
	for file in "$images/inventory.img" "$images/pstree.img"; do
		[ ! -e "$file" ] || [ -s "$file" ] || return 0
	done
	[ -e "$images/tmpfs" ] && absent "$images/tmpfs/checked"
}

# NFS may remember that a file was not there; reading the directories makes it look again.
ls -a "$bundle" "$bundle/.cmigrate" "$images" >/dev/null 2>&1
if whole; then
	cd "$images" && find . -name '*.img' -exec stat -c '%n %s' {} + | LC_ALL=C sort | cksum
	exit
fi
for file in "$bundle/config.json" "$bundle/.cmigrate/journal"; do
	head -c 1 "$file" >/dev/null 2>&1 || continue
	lacks_something && exit 1
	break
done
exit 2
