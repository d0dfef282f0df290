#!/bin/sh
# SPDX-License-Identifier: MIT
# drain RUN: waits until a container that was restored without its memory has all of it (pages.sh).
# Fails when that can't happen any more. The caller sets the deadline.
run=$1
. part/marked.sh
while [ ! -e "$run/pages.status" ]; do
	[ -n "$(marked "CMIGRATE_PAGES=$run")" ] || [ -e "$run/pages.status" ] || {
		echo "nobody fetches the rest of its memory any more" >&2
		exit 1
	}
	sleep 0.05
done
read -r status <"$run/pages.status"
[ "$status" != 0 ] || exit 0
echo "the rest of its memory could not be fetched: $(grep -m 1 'Error (' "$run/pages.log" | sed 's/^.*Error ([^)]*): //')" >&2
exit 1
