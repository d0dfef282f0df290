#!/bin/sh
# SPDX-License-Identifier: MIT
# fence ID OWN: ends what earlier controllers of move ID (the move itself, a recovery that was killed)
# started here and is still under way; known by their environment. OWN is the caller's own mark there.
# Programs with a configuration of CRIU are left alone: a dump waits at its gate for a verdict, and a
# restore comes to its end or is ended when its copy is erased. A parked restore (park.sh) is ended: the word to go on may
# still be on its way to it. A program that fetches the memory of a running copy is left alone too.
id=$1 own=$2
# shellcheck disable=SC2013 # paths without blanks
for environ in $(grep -l -a -z -E "^CMIGRATE_(MOVE=$id|RECOVER=$id\..*)\$" /proc/[0-9]*/environ 2>/dev/null); do
	grep -q -a -z -e '^CRIU_CONFIG_FILE=.*/criu\.conf$' -e '^CMIGRATE_PAGES=' "$environ" 2>/dev/null && continue
	grep -q -a -z -x -F "$own" "$environ" 2>/dev/null && continue
	pid=${environ#/proc/}
	kill -9 "${pid%/environ}" 2>/dev/null
done
exit 0
