#!/bin/sh
# SPDX-License-Identifier: MIT
# run NAME BUNDLE
#
# Starts a container detached. It inherits runc's standard descriptors, /dev/null, because CRIU can
# dump neither a file nor a terminal of the host. runc writes its messages to a log.
name=$1 bundle=$2
# No container's name has an @: this is no work directory.
log=/run/cmigrate/run@$name.$$
umask 077
# Another cmigrate that ends may remove the empty directory.
for _ in 1 2 3 4 5 6 7 8; do
	mkdir -p "${log%/*}" && { : >"$log"; } 2>/dev/null && break
done
runc --log "$log" --log-format json run --detach --bundle "$bundle" "$name" </dev/null >/dev/null 2>&1
status=$?
command -v runc >/dev/null || echo "there is no 'runc': install runc 1.1 or newer there" >&2
[ "$status" -eq 0 ] || tail -n 20 "$log" >&2
rm -f "$log"
rmdir "${log%/*}" 2>/dev/null
exit "$status"
