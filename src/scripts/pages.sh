#!/bin/sh
# SPDX-License-Identifier: MIT
# pages RUN IMAGES NAME ADDRESS PORT: fetches the memory of a container that is restored without it, what
# it touches first, from the page server at ADDRESS and PORT. The outcome is left in RUN/pages.status.
run=$1 images=$2 name=$3 address=$4 port=$5
umask 077
criu lazy-pages --page-server --address "$address" --port "$port" --images-dir "$images" \
	--work-dir "$run" --log-file pages.log -v2
status=$?
. part/marked.sh
restores() {
	[ -n "$(marked "CRIU_CONFIG_FILE=$run/criu.conf")$(marked "CRIU_CONFIG_FILE=$run/parked.conf")" ]
}
# What it still lacks would be read as zeros from now on. runc writes down its pid at the end of the restore.
while [ "$status" -ne 0 ]; do
	pid=$(sed -n 's/.*"init_process_pid":\([0-9]*\).*/\1/p' "/run/runc/$name/state.json" 2>/dev/null)
	[ -z "$pid" ] || kill -9 "$pid"
	[ -z "$pid" ] && restores || break
	sleep 0.02
done
# Who sees it reads it at once: it is never there without its word.
echo "$status" >"$run/pages.status.new" && mv "$run/pages.status.new" "$run/pages.status"
exit "$status"
