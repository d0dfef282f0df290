#!/bin/sh
# SPDX-License-Identifier: MIT
# dump NAME IMAGES COMMAND...: runs COMMAND, a `runc checkpoint`, with as many open files as may be. Of memory that follows
# the container CRIU keeps a pipe for every 4 MB; without CAP_SYS_RESOURCE it can't raise the limit.
# First it notes in IMAGES/hidden, for restore.sh, the mount points of container NAME that lie on another mount of it:
# as paths in the root file system, in which nobody needs them.
name=$1 images=$2
shift 2

hidden() {
	state=/run/runc/$name/state.json
	pid=$(sed -n 's/.*"init_process_pid":\([0-9]*\).*/\1/p' "$state")
	root=$(sed -n 's/.*"rootfs":"\([^"]*\)".*/\1/p' "$state")
	[ -n "$pid" ] && [ -n "$root" ] || return
	awk -v root="$root" '
		{ path[$1] = $5; parent[$1] = $2 }
		END {
			for (id in path)
				if (path[parent[id]] ~ /^\/./ && path[id] ~ /^(\/[A-Za-z0-9@:._-]+)+$/)
					print root path[id]
		}' "/proc/$pid/mountinfo"
}

hidden >"$images/hidden" 2>/dev/null
# shellcheck disable=SC3045 # dash, bash and busybox know -n and -H
ulimit -n "$(ulimit -H -n)"
exec "$@"
