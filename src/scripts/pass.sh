#!/bin/sh
# SPDX-License-Identifier: MIT
# pass NUMBER RUN IMAGES NAME [ADDRESS:PORT]: one pass of pre-copy: writes the memory that has changed since the last pass
# (all of it in the first) to IMAGES/pass-NUMBER, while the container runs, except for a moment.
# Prints how many bytes it wrote; none if they go to the page server at ADDRESS:PORT. CRIU must not be killed
# meanwhile: its code may be running inside the processes.
number=$1 run=$2 images=$3 name=$4 server=$5
umask 077
# CRIU keeps a pipe for every 4 MB, and can't raise the limit itself without CAP_SYS_RESOURCE.
# shellcheck disable=SC3045 # dash, bash and busybox know -n and -H
ulimit -n "$(ulimit -H -n)"
set -- --pre-dump --image-path "$images/pass-$number" --work-path "$run"
[ "$number" -eq 1 ] || set -- "$@" --parent-path "../pass-$((number - 1))"
[ -z "$server" ] || set -- "$@" --page-server "$server"
# verdict.sh reads it.
: >"$run/in-pass" || exit 1
runc checkpoint "$@" "$name" >"$run/dump.out" 2>&1 </dev/null
status=$?
rm -f "$run/in-pass"
if [ "$status" -ne 0 ]; then
	tail -n 3 "$run/dump.out" >&2
	exit 1
fi
sum=0
for file in "$images/pass-$number"/pages-*.img; do
	[ -e "$file" ] && sum=$((sum + $(stat -c %s "$file")))
done
echo "$sum"
