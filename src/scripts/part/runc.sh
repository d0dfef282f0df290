# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # the scripts use them
# runc_state NAME: sets state to runc's JSON, or to nothing if runc knows no such container. Fails, with runc's message,
# if that is unclear: a container that may be there is never taken for absent. runc's warnings are left out.
runc_state() {
	for _ in 1 2; do
		state=$(runc state "$1" 2>/dev/null) && return
		state=
		# Keeps only runc's reason. If runc knows the container by now, its state is asked for again.
		why=$(runc state "$1" 2>&1 >/dev/null) || break
	done
	case $why in
	*"does not exist"*) return 0 ;;
	esac
	printf '%s\n' "'runc state $1' failed: ${why:-not every time}" >&2
	return 1
}

# ask_runc NAME: the same, and sets status, pid and bundle_there to its words.
ask_runc() {
	status='' pid='' bundle_there=''
	runc_state "$1" || return
	[ -n "$state" ] || return 0
	# Annotations come later, and may have any name.
	state=$(printf '%s\n' "$state" | sed '/^ *"annotations"/,$d')
	status=$(printf '%s\n' "$state" | sed -n 's/^ *"status": *"\([a-z]*\)".*/\1/p')
	pid=$(printf '%s\n' "$state" | sed -n 's/^ *"pid": *\([0-9]*\).*/\1/p')
	bundle_there=$(printf '%s\n' "$state" | sed -n 's/^ *"bundle": *"\(.*\)",*$/\1/p')
	[ -n "$status" ] && return
	echo "'runc state $1' says nothing of its status" >&2
	return 1
}

# Whether it is another container of that name. One bundle may have two paths, by a link.
# shellcheck disable=SC3013 # dash, bash and busybox know -ef
is_foreign() { # BUNDLE
	[ -n "$status" ] && [ "$bundle_there" != "$1" ] && [ -d "$bundle_there" ] && [ -d "$1" ] &&
		! [ "$bundle_there" -ef "$1" ]
}
