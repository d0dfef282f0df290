#!/bin/sh
# SPDX-License-Identifier: MIT
# images DIRECTORY: succeeds where the images of a finished dump are there. CRIU writes the inventory
# last, runc the list of descriptors first.
[ -s "$1/inventory.img" ] && [ -s "$1/pstree.img" ] && [ -e "$1/descriptors.json" ]
