#!/bin/sh
# SPDX-License-Identifier: MIT
# images DIRECTORY [PAGES]: succeeds where the images of a finished dump are there. CRIU writes the inventory
# last, runc the list of descriptors first. What was saved ahead must have been compared (tmpfs.sh). PAGES:
# where on this host the memory must have come to (receive.sh).
[ -s "$1/inventory.img" ] && [ -s "$1/pstree.img" ] && [ -e "$1/descriptors.json" ] || exit 1
[ -z "$2" ] || [ -e "$2/received" ] || exit 1
[ ! -e "$1/tmpfs" ] || [ -e "$1/tmpfs/checked" ]
