#!/bin/sh
# SPDX-License-Identifier: MIT
# dump COMMAND...: runs COMMAND, a `runc checkpoint`, with as many open files as allowed. In post-copy CRIU keeps a
# pipe for every 4 MB of memory; without CAP_SYS_RESOURCE it can't raise the limit.
# shellcheck disable=SC3045 # dash, bash and busybox know -n and -H
ulimit -n "$(ulimit -H -n)"
exec "$@"
