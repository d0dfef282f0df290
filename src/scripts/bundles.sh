#!/bin/sh
# SPDX-License-Identifier: MIT
# bundles ROOT FILE: the path of each FILE that cmigrate keeps beside a bundle below ROOT, one a line.
root=$1 file=$2
[ -d "$root" ] || {
	echo "there is no directory '$root'" >&2
	exit 1
}
# A file that another cmigrate removes while find looks is no failure; anything else that find can't read is one.
{ said=$(LC_ALL=C find -H "$root" -mindepth 3 -maxdepth 3 -path "*/.cmigrate/$file" 2>&1 >&3 3>&-); } 3>&1 && exit 0
said=$(printf '%s\n' "$said" | grep -v ': No such file or directory$') || exit 0
printf '%s\n' "$said" >&2
exit 1
