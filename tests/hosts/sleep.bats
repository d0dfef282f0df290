#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # variables of lib; single quotes: for a host's shell
# A dump wakes a sleep of busybox: containers that would end with it are refused, all others move.

load lib/lab
load lib/containers
load lib/snapshot

setup_file() {
	start_lab t-sleep 300
	on rhel01 sh -c 'mkdir -p /runc/tools && cp /usr/bin/tini /usr/bin/sleep /runc/tools'
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

start_with() { # WORD...
	local flags
	flag_args "$@"
	on rhel01 cmigrate generate idle "${flags[@]}" "${common_flags[@]}" --bind /runc/tools:/srv:ro,bind
	start_container rhel01 idle
}

# Refused for the process of that command, and nothing is touched.
refused_for() { # COMMAND
	local status=0
	remember same rhel01 rhel02
	on rhel01 cmigrate move idle rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 3 ]]
	grep -q "check 'sleep': .*'idle' on rhel01, which ends with a sleep: process [0-9]*, $1; .*sleep infinity" "$BATS_TEST_TMPDIR/err"
	unchanged
	remove_containers rhel01
}

fails_check() { # COMMAND
	on rhel01 cmigrate check idle rhel02 | grep -E "^sleep +refused .*process [0-9]*, $1; .*sleep infinity"
	remove_containers rhel01
}

passes_check() { # WARNING
	on rhel01 cmigrate check idle rhel02 | grep -E "^sleep +$1( |\$)"
	remove_containers rhel01
}

# Moved; WARNING: with the check's, or without.
moves() { # WARNING
	on rhel01 cmigrate check idle rhel02 | grep -E "^sleep +$1( |\$)"
	on rhel01 cmigrate -q move idle rhel02
	runs_only_on rhel02 idle
	remove_containers rhel01 rhel02
}

@test "a sleep of busybox that is the first process, or all that this waits for, is refused" {
	start_with sleep 3600
	refused_for 'sleep 3600'
	start_with busybox sleep 1d
	fails_check 'busybox sleep 1d'
	start_with sh -c 'sleep 3600'
	fails_check 'sleep 3600'
	start_with sh -c 'trap : TERM; sleep 3600 & wait'
	fails_check 'sleep 3600'
	start_with /srv/tini sleep 3600
	fails_check 'sleep 3600'
	start_with /srv/tini -- sh -c 'trap : TERM; sleep 3600 & wait'
	fails_check 'sleep 3600'
}

@test "a sleep of busybox in a loop moves, with a warning" {
	start_with sh -c 'while :; do sleep 1000; done'
	moves warning
}

@test "what looks like such a sleep is not refused" {
	start_with sh -c 'trap : TERM; /srv/sleep 3600 & wait'
	passes_check ok
	start_with /srv/tini -- python3 -c 'import time; time.sleep(3600)'
	passes_check ok
	start_with sh -c 'until false; do sleep 1000; done'
	passes_check warning
	start_with sh -c 'sleep 3600 & exec tail -f /dev/null'
	passes_check warning
}

@test "what sleeps on moves: busybox without end, coreutils, python, tail" {
	start_with sleep infinity
	moves ok
	start_with /srv/tini sleep infinity
	moves ok
	start_with /srv/sleep 3600
	moves ok
	start_with python3 -c 'import time; time.sleep(3600)'
	moves ok
	start_with tail -f /dev/null
	moves ok
}

@test "a sleep that a move ends all the same: the container is lost, said so, and settled" {
	local host status=0
	start_with /srv/tini sleep 3600
	on rhel01 cmigrate -q move idle rhel02 --skip-check sleep 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	# The host that sees the end first decides whether it is the move that says it, or recover.
	if [[ $status -eq 6 ]]; then
		status=0
		on rhel01 cmigrate -q recover idle || status=$?
	fi
	[[ $status -eq 9 ]]
	for host in rhel01 rhel02; do
		[[ -z $(state_of "$host" idle) ]]
		[[ -z $(on "$host" sh -c 'ls -d /run/cmigrate/idle /runc/containers/idle/.cmigrate/images-* 2>/dev/null') ]]
	done
	on rhel01 cmigrate -q recover idle
}
