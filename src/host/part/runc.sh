# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the scripts use them
# ask_runc NAME: sets status, pid and bundle_there to runc's words, all empty where it knows no such container. Fails,
# with what runc said, where that can't be told: a container that may be there is never taken for none.
ask_runc() {
	status='' pid='' bundle_there=''
	if ! state=$(runc state "$1" 2>&1); then
		case $state in
		*"does not exist"*) return 0 ;;
		esac
		printf '%s\n' "$state" >&2
		return 1
	fi
	# Annotations come behind, and may have any name.
	state=$(printf '%s\n' "$state" | sed '/^ *"annotations"/,$d')
	status=$(printf '%s\n' "$state" | sed -n 's/^ *"status": *"\([a-z]*\)".*/\1/p')
	pid=$(printf '%s\n' "$state" | sed -n 's/^ *"pid": *\([0-9]*\).*/\1/p')
	bundle_there=$(printf '%s\n' "$state" | sed -n 's/^ *"bundle": *"\(.*\)",*$/\1/p')
	[ -n "$status" ] && return 0
	echo "'runc state $1' says nothing of its status" >&2
	return 1
}

# Whether it is another one of that name: the same bundle may have two paths, where a link is on the way.
# shellcheck disable=SC3013 # dash, bash and busybox know -ef
is_foreign() { # BUNDLE
	[ -n "$status" ] && [ "$bundle_there" != "$1" ] && [ -d "$bundle_there" ] && [ -d "$1" ] &&
		! [ "$bundle_there" -ef "$1" ]
}
