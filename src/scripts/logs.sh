#!/bin/sh
# SPDX-License-Identifier: MIT
# logs RUN DIRECTORY: keeps the logs of runc and CRIU in the shared directory, named after this host.
run=$1 directory=$2
umask 077
[ -d "$run" ] || exit 0
mkdir -p "$directory" || exit 1
for log in "$run"/*.log "$run"/*.out; do
	[ ! -f "$log" ] || cp "$log" "$directory/$(uname -n).${log##*/}" || exit 1
done
