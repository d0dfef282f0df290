#!/bin/sh
# SPDX-License-Identifier: MIT
# store read|append|replace|remove DIR FILE: a container's state in the shared directory, for a
# controller that doesn't have that mounted. append and replace take the text from stdin, which is on
# disk when they return.
verb=$1 dir=$2 file=$2/$3
umask 077

. part/absent.sh

# No link may lead elsewhere.
[ ! -L "$dir" ] && [ ! -L "$file" ] || {
	echo "'$file' or its directory is a symbolic link" >&2
	exit 1
}
# Twice as much as a reader takes, in blocks of 512 bytes.
ulimit -f 4096
make_dir() {
	[ -d "$dir" ] || mkdir "$dir" 2>/dev/null || [ -d "$dir" ] || {
		echo "there is no '${dir%/*}'" >&2
		return 1
	}
}
case $verb in
read)
	[ -e "$file" ] || ! absent "$file" || exit 3
	exec head -c 1048577 "$file"
	;;
append)
	make_dir && cat >>"$file" && sync "$file"
	;;
replace)
	make_dir && cat >"$file.$$" && sync "$file.$$" && mv -f "$file.$$" "$file" && sync "$dir" && exit 0
	rm -f "$file.$$"
	exit 1
	;;
remove)
	rm -f "$file" && absent "$file"
	;;
esac
