#!/bin/sh
# SPDX-License-Identifier: MIT
# receive PASS PARENT RUN ADDRESS PORT SECONDS: a page server for one dump: writes the memory that the source's criu
# sends to ADDRESS and PORT to RUN/pages, or for a pass of pre-copy (PASS, else 0) to RUN/pages/pass-PASS. PARENT:
# the pass that it builds on, or 0. Writes a byte to the fifo RUN/listens when it listens (listens.sh). It ends
# when its client has sent everything and its files are complete: then it leaves "received" beside them, and prints
# the number of bytes. The inventory tells whether the dump was complete too. It ends after SECONDS at the latest.
pass=$1 parent=$2 run=$3 address=$4 port=$5 seconds=$6
umask 077
dir=$run/pages
[ "$pass" -eq 0 ] || dir=$run/pages/pass-$pass
mkdir -p "$dir" || exit 1
set --
# Relative to the images directory, as criu reads it.
if [ "$parent" -gt 0 ] && [ "$pass" -eq 0 ]; then
	set -- --prev-images-dir "pass-$parent"
elif [ "$parent" -gt 0 ]; then
	set -- --prev-images-dir "../pass-$parent"
fi
# Opened for reading too, so that this doesn't wait for a reader.
exec 3<>"$run/listens" || exit 1
# criu answers its client before it has closed its files: they are complete only when it has ended.
timeout "$seconds" criu page-server --images-dir "$dir" --work-dir "$run" --log-file receive.log -v2 \
	--address "$address" --port "$port" --status-fd 3 "$@" >>"$run/receive.out" 2>&1 </dev/null || {
	status=$?
	why=$(grep -m 1 'Error (' "$run/receive.log" 2>/dev/null | sed 's/^.*Error ([^)]*): /: /' | head -c 300)
	echo "its page server ended with status $status$why" >&2
	exit "$status"
}
: >"$dir/received" || exit 1
sum=0
for file in "$dir"/pages-*.img; do
	[ -e "$file" ] && sum=$((sum + $(stat -c %s "$file")))
done
echo "$sum"
