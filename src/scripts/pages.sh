#!/bin/sh
# SPDX-License-Identifier: MIT
# pages RUN IMAGES NAME ADDRESS PORT: fetches the memory of a container that is restored without it from the page
# server at ADDRESS and PORT, first the pages that the container touches. Writes the outcome to RUN/pages.status.
run=$1 images=$2 name=$3 address=$4 port=$5
umask 077
criu lazy-pages --page-server --address "$address" --port "$port" --images-dir "$images" \
	--work-dir "$run" --log-file pages.log -v2
status=$?
. part/marked.sh
restores() {
	[ -n "$(marked "CRIU_CONFIG_FILE=$run/criu.conf")$(marked "CRIU_CONFIG_FILE=$run/parked.conf")" ]
}
# The container would read missing pages as zeros from now on. runc writes its pid file at the end of the restore.
while [ "$status" -ne 0 ]; do
	pid=$(sed -n 's/.*"init_process_pid":\([0-9]*\).*/\1/p' "/run/runc/$name/state.json" 2>/dev/null)
	[ -z "$pid" ] || kill -9 "$pid"
	[ -z "$pid" ] && restores || break
	sleep 0.02
done
# A reader reads the file as soon as it sees it: it must never be there without its content.
echo "$status" >"$run/pages.status.new" && mv "$run/pages.status.new" "$run/pages.status"
exit "$status"
