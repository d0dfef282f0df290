# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the lane's and the row's variables
# cmigrate, run on the row's controller.

controller_host() {
	case $controller in
	source) echo "$src" ;;
	destination) echo "$dst" ;;
	*) echo client ;;
	esac
}

# Its own deadline is far beyond every one that cmigrate has. ssh, the way into a machine, would
# say 255 of what a signal has ended; a shell says which.
cmigrate_on() { # HOST FAULT ARG...
	on "$1" env ${2:+CMIGRATE_FAULT="$2"} bash -c '"$@"; exit $?' - timeout -k 5 $((150 * slow)) cmigrate "${@:3}"
}

# Sets words to those of the row's strategy and transport.
move_words() {
	words=(--verbose move counter "$dst" --from "$src" --strategy "$strategy" --transport "$transport")
	[[ $strategy != *-lazy ]] ||
		words=(--config /etc/cmigrate/lazy.json --verbose move counter "$dst" --from "$src" --strategy "${strategy%-lazy}" --transport "$transport")
	[[ $strategy != rehearsal ]] || words=(--verbose check --rehearse counter "$dst" --from "$src")
}

move() { # FAULT [ARG...]
	local words
	move_words
	cmigrate_on "$(controller_host)" "$1" "${words[@]}" "${@:2}" >"$work/move.out" 2>&1
	move_code=$?
}

# The controller is killed at a point, and the hosts go down with it.
move_crashes() { # POINT HOST...
	local host
	move "$1"
	expect_code move "$move_code" 137
	for host in "${@:2}"; do
		crash "$host"
	done
}

recover() { # FAULT [ARG...]
	local fault=$1
	shift
	[[ $(controller_host) != client ]] || set -- --on "$on_host" "$@"
	cmigrate_on "$(controller_host)" "$fault" --verbose recover counter "$@" >"$work/recover.out" 2>&1
	recover_code=$?
}

recovers() { # "CODE..." [ARG...]
	recover '' "${@:2}"
	# shellcheck disable=SC2086 # a list
	expect_code recover "$recover_code" $1
}

# Tried again for as long as it ends with one of these codes.
recovers_unless() { # "CODE..." CODE
	local end=$((${EPOCHREALTIME/[.,]/} + slow * 60000000))
	while :; do
		recover ''
		[[ " $1 " == *" $recover_code "* && ${EPOCHREALTIME/[.,]/} -lt $end ]] || break
	done
	expect_code recover "$recover_code" "$2"
}

# After a cut, the lock of a controller that has none any more is let go of some seconds late.
recovers_when_free() { # CODE
	recovers_unless 7 "$1"
}

# An NFS server keeps the lock of a host that crashed for a lease, and an emulated host that has just come up
# may not answer in time: 6, to be tried again.
recovers_after_crash() { # CODE
	recovers_unless "${LAB_VM:+7 6}" "$1"
}

# Starts a move that stops at a point, and returns when it is there.
move_stops() { # POINT [ARG...]
	local word='' in out words
	move_words
	coproc STOPPED { on "$(controller_host)" /opt/cmigrate/tests/faults/programs/stopped "$1" \
		cmigrate "${words[@]}" "${@:2}" 2>&1; }
	stopped_pid=$STOPPED_PID in=${STOPPED[1]} out=${STOPPED[0]}
	# bash takes away its own ones when the process ends, however it does.
	exec {stopped_in}>&"$in" {stopped_out}<&"$out" {in}>&- {out}<&-
	read -r -t $((60 * slow)) word <&"$stopped_out"
	[[ $word == stopped ]] || flaw "did not stop at $1: $word"
}

send_signal() { # SIGNAL...
	printf '%s\n' "$@" >&"$stopped_in"
}

move_goes_on() {
	exec {stopped_in}>&-
}

move_wait() {
	wait "$stopped_pid"
	move_code=$?
	exec {stopped_out}<&-
	on "$(controller_host)" cat /tmp/stopped.out >"$work/move.out" 2>&1
}

# Lets it go on, and waits for its end.
move_ends() {
	move_goes_on
	move_wait
}

# Does a copy run where the exit code says? 6 promises nothing but that there are no two.
check_truth() {
	local host
	case $move_code in
	0 | 5) host=$dst ;;
	1 | 3 | 4) host=$src ;;
	*) return ;;
	esac
	[[ $strategy != rehearsal ]] || host=$src
	[[ $(on "$host" runc state counter 2>/dev/null) == *'"status": "running"'* ]] ||
		flaw "move ended with $move_code, but no copy runs on $host"
}
