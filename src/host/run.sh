#!/bin/sh
# SPDX-License-Identifier: MIT
# run NAME BUNDLE
#
# Starts a container detached. Its standard descriptors are those of runc: /dev/null, since CRIU can
# dump neither a file nor a terminal of the host there. What runc has to say goes to its log.
name=$1 bundle=$2
log=/run/cmigrate/run-$name.$$
umask 077
mkdir -p "${log%/*}"
runc --log "$log" --log-format json run --detach --bundle "$bundle" "$name" </dev/null >/dev/null 2>&1
status=$?
[ "$status" -eq 0 ] || tail -n 20 "$log" >&2
rm -f "$log"
rmdir "${log%/*}" 2>/dev/null
exit "$status"
