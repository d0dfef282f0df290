#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# A move that another process makes, on another host: followed, changed and undone.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults
load lib/redis

address=10.99.0.102
state_dir=/runc/containers/server/.cmigrate

setup_file() {
	start_lab t-steering 600
	learn_kernels
	local host
	for host in rhel01 rhel02 client; do
		on $host sh -c 'mkdir -p /etc/cmigrate && echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
	done
}

teardown_file() {
	end_lab
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

start_server() {
	make_server server $address/32 8000
	start_container rhel01 server
}

# `cmigrate move` on rhel01 that stops itself at a point. Its terminal is gone. Its pid is in /var/pid, its end in
# /var/status there.
move_stops() { # POINT NAME [OPTION...]
	on rhel01 rm -f /var/pid /var/status
	on rhel01 bash -c 'CMIGRATE_PAUSE=$1 setsid cmigrate --json move "${@:3}" "$2" rhel02 >/var/out 2>/var/err </dev/null &
		echo $! >/var/pid
		wait $!
		echo $? >/var/status' - "$@" >/dev/null 2>&1 3>&- &
	wait_on rhel01 30 'test -s /var/pid'
	[[ -z $1 ]] || wait_paused rhel01
}

goes_on_and_ends() { # EXIT-CODE
	on rhel01 bash -c 'kill -CONT "$(</var/pid)"'
	ends "$1"
}

ends() { # EXIT-CODE
	wait_on rhel01 60 'test -s /var/status'
	[[ $(on rhel01 cat /var/status) -eq $1 ]]
}

# A command on HOST beside it; its words are in $BATS_TEST_TMPDIR/KEY, its exit code in KEY.status.
beside() { # KEY HOST COMMAND...
	{
		on "${@:2}" >"$BATS_TEST_TMPDIR/$1" 2>&1 && status=0 || status=$?
		echo $status >"$BATS_TEST_TMPDIR/$1.status"
	} 3>&- &
}

ended_with() { # KEY EXIT-CODE
	wait_until 60 test -s "$BATS_TEST_TMPDIR/$1.status"
	cat "$BATS_TEST_TMPDIR/$1"
	[[ $(<"$BATS_TEST_TMPDIR/$1.status") -eq $2 ]]
}

said() { # KEY TEXT
	grep -q -F "$2" "$BATS_TEST_TMPDIR/$1"
}

# The wish is written. The mover's agent has seen it when another command has been there and back.
wish_is_heard() {
	wait_on rhel01 30 "grep -q . /runc/containers/$1/.cmigrate/wishes 2>/dev/null"
	on rhel01 cmigrate --json status "$1" | jq -e '.move.settled_by != null'
}

nothing_is_left() { # NAME
	[[ $(on rhel01 ls "/runc/containers/$1/.cmigrate") == history ]]
}

@test "a move is followed to its end from another host and from a third one, with its exit code" {
	start_server
	move_stops hold:before server
	beside json rhel02 cmigrate --json status server --follow
	beside text client cmigrate status server --follow
	wait_until 30 said json '"name":"prepare"'
	wait_until 30 said text prepare
	goes_on_and_ends 0
	ended_with json 0
	ended_with text 0
	# Both are told what the process itself says.
	on rhel01 cat /var/out | jq -c 'select(.event != "note")' >"$BATS_TEST_TMPDIR/own"
	jq -c 'select(.event != "note")' <"$BATS_TEST_TMPDIR/json" | diff "$BATS_TEST_TMPDIR/own" -
	said text "moved 'server' from rhel01 to rhel02"
	grep -q -E '^  outage +0' "$BATS_TEST_TMPDIR/text"
	nothing_is_left server
	runs_only_on rhel02 server $address
	# There is none any more.
	beside none client cmigrate status server --follow
	ended_with none 3
}

# The step in which the move stops, and what an abort from the host gives then.
aborts() { # POINT HOST EXIT-CODE OF-THE-MOVE
	move_stops "$1" server
	beside abort "$2" cmigrate abort server
	beside follow client cmigrate --json status server --follow
	wish_is_heard server
	goes_on_and_ends "$4"
	ended_with abort "$3"
	ended_with follow "$4"
	nothing_is_left server
	on client curl -s -m "$patience" "http://$address:8000/state" | jq -e '.errors == []'
}

@test "an abort before the release undoes the move, also while the container is frozen" {
	start_server
	remember same rhel01
	aborts settle:before client 0 4
	said abort "undone 'server': it runs on rhel01"
	aborts dump:before rhel02 0 4
	aborts restore:before client 0 4
	on rhel01 cat /var/err | grep -q "stopped by 'cmigrate abort'"
	runs_only_on rhel01 server $address
	unchanged
}

@test "an abort after the release is too late, and says so" {
	start_server
	aborts release:before rhel02 1 0
	said abort "too late: 'server'"
	runs_only_on rhel02 server $address
}

@test "an endpoint that does not answer is not waited for once an abort has come" {
	start_server
	# Nothing serves there.
	move_stops answer:before server --endpoint "tcp://$address:9" --timeout 600 --skip-check endpoint
	on rhel01 bash -c 'kill -CONT "$(</var/pid)"'
	beside abort client cmigrate --json abort server
	ended_with abort 0
	tail -n 1 "$BATS_TEST_TMPDIR/abort" | jq -e '.event == "abort" and .outcome == "undone" and .host == "rhel01"'
	ends 4
	runs_only_on rhel01 server $address
	nothing_is_left server
}

@test "a mover that has died: a follower, an abort and a tune say that the move waits for recover" {
	start_server
	move_stops dump:before server
	beside follow client cmigrate status server --follow
	wait_until 30 said follow prepare
	on rhel01 bash -c 'kill -KILL "$(</var/pid)"'
	ended_with follow 7
	said follow 'cmigrate recover server'
	beside abort rhel02 cmigrate abort server
	ended_with abort 7
	beside tune client cmigrate tune server --max-downtime 100
	ended_with tune 7
	on client cmigrate recover server
	nothing_is_left server
	runs_only_on rhel01 server $address
}

@test "pre-copy is told on its way: the budget of its freeze, and that the rest of its memory is to follow" {
	start_server
	fake_passes rhel01
	move_stops '' server --strategy pre-copy --max-downtime 1
	on rhel01 cat /var/pass
	beside downtime rhel02 cmigrate tune server --max-downtime 2
	wish_is_heard server
	let_pass_go rhel01
	on rhel01 cat /var/pass
	ended_with downtime 0
	said downtime "tuned 'server'"
	beside follows client cmigrate --json tune server --post-copy
	wait_on rhel01 30 "grep -q '\"post_copy\":true' $state_dir/wishes"
	wish_is_heard server
	let_pass_go rhel01
	ended_with follows 0
	tail -n 1 "$BATS_TEST_TMPDIR/follows" | jq -e '.answer == "taken"'
	ends 0
	on rhel01 tail -n 1 /var/out | jq -e '.strategy == "hybrid" and (.passes | length) == 2 and .outcome == "moved"'
	on rhel01 grep -q -e '--max-downtime is 2 from now on' /var/out
	on rhel01 grep -q 'the rest follows, as somebody asked' /var/out
	nothing_is_left server
	runs_only_on rhel02 server $address
}

@test "a move that makes no decision on its way refuses to be tuned" {
	start_server
	move_stops hold:before server --strategy cold
	beside tune rhel02 cmigrate tune server --max-downtime 100
	wish_is_heard server
	goes_on_and_ends 0
	ended_with tune 3
	said tune 'has no use for it'
}

# One row of the table below: abort from one of two other hosts, and tune from the other, in two moves.
steers() { # POINT ABORTED TUNED OPTION...
	local point=$1 aborted=$2 tuned=$3 from=rhel02 other=client
	local -A codes=([undone]=0 [taken]=0 [late]=1 [refused]=3)
	shift 3
	[[ $point != *:before ]] || from=client other=rhel02
	echo "$point $aborted $tuned $*"
	move_stops "$point" cache "$@"
	beside abort $from cmigrate abort cache
	beside follow $other cmigrate --json status cache --follow
	wish_is_heard cache
	goes_on_and_ends "$([[ $aborted == late ]] && echo 0 || echo 4)"
	ended_with abort "${codes[$aborted]}"
	ended_with follow "$(on rhel01 cat /var/status)"
	[[ $aborted != late ]] || said abort 'too late'
	is_whole "$([[ $aborted == late ]] && echo rhel02 || echo rhel01)"
	move_stops "$point" cache "$@"
	beside tune $other cmigrate tune cache --bandwidth 400M
	wish_is_heard cache
	goes_on_and_ends 0
	ended_with tune "${codes[$tuned]}"
	is_whole rhel02
}

# It goes on where the table says, with all its memory; and is back on rhel01 for the next row.
is_whole() { # HOST
	nothing_is_left cache
	runs_only_on "$1" cache $address
	[[ $(memory) == "$digest" ]]
	[[ $1 == rhel01 ]] || on rhel01 cmigrate -q move cache rhel01
}

# The table of docs/move.md, but for pre-copy, which the kernel of a lab may not know (tests/vm/throttle.bats).
# bats test_tags=all
@test "a redis of 1 GB: followed, undone and tuned in each step from two other hosts, as the table says" {
	local point aborted tuned options
	start_filled_redis 1024
	while read -r point aborted tuned options <&4; do
		# shellcheck disable=SC2086 # words
		steers "$point" "$aborted" "$tuned" $options
	done 4<<-END
		prepare:after   undone taken   --transport direct
		hold:after      undone taken   --transport direct
		address:after   undone taken   --transport direct
		settle:after    undone taken   --transport direct
		freeze:after    undone taken   --transport direct
		dump:after      undone taken   --transport direct
		restore:before  undone late    --transport direct
		release:before  late   late    --transport direct
		answer:before   late   late    --transport direct
		commit:before   late   late    --transport direct
		open-gate:before late  late    --transport direct
		dump:before     undone taken   --strategy post-copy
		serve:after     undone taken   --strategy post-copy
		drain:before    late   taken   --strategy post-copy
		end-source:before late late    --strategy post-copy
		freeze:after    undone refused --strategy cold
	END
}
