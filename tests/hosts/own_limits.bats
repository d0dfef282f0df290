#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # variables of lib; single quotes: for a host's shell
# What a restore needs is compared with the container's own limits.

load lib/lab
load lib/containers
load lib/snapshot

setup_file() {
	start_lab t-own-limits 300
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

start_eater() { # MEGABYTES CHILDREN FLAG...
	local flags
	flag_args python3 /srv/eater.py "$1" "$2"
	on rhel01 cmigrate generate eater "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind "${@:3}"
	start_container rhel01 eater
	wait_on rhel01 30 "[[ \$(runc exec eater ls /tmp | grep -c ready) -eq $(($2 + 1)) ]]"
}

# As an operator who edits it, or has run `runc update`: the container has another limit than config.json says.
set_limit() { # FILTER
	on rhel01 sh -c 'cd /runc/containers/eater && jq "$1" config.json >new && mv new config.json' - "$1"
}

refused_by() { # CHECK REGEX
	local status=0
	remember same rhel01 rhel02
	on rhel01 cmigrate move eater rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 3 ]]
	grep -q -E "check '$1': .*$2" "$BATS_TEST_TMPDIR/err"
	unchanged
}

# programs/threads.py
start_threads() { # THREADS CHILDREN FLAG...
	local flags
	flag_args python3 /srv/threads.py "$1" "$2"
	on rhel01 cmigrate generate eater "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind "${@:3}"
	start_container rhel01 eater
	wait_on rhel01 30 "[[ \$(runc exec eater ls /tmp | grep -c ready) -eq $(($2 + 1)) ]]"
}

@test "a limit of processes: a restore has three of its own" {
	start_threads 0 5 --pids-limit 50
	set_limit '.linux.resources.pids.limit = 8'
	refused_by pids-limit "allows container 'eater' 8 processes and threads, and its restore needs 9"
	set_limit '.linux.resources.pids.limit = 9'
	on rhel01 cmigrate check eater rhel02 | grep -E '^pids-limit +warning .*limit of 50 .* on rhel01, and another in its config.json'
	on rhel01 cmigrate -q move eater rhel02
	runs_only_on rhel02 eater
}

@test "a limit of processes counts threads, and a restore has two of its own when it makes those" {
	start_threads 10 0 --pids-limit 50
	set_limit '.linux.resources.pids.limit = 12'
	refused_by pids-limit "allows container 'eater' 12 processes and threads, and its restore needs 13"
	set_limit '.linux.resources.pids.limit = 13'
	on rhel01 cmigrate -q move eater rhel02
	runs_only_on rhel02 eater
}

# bats test_tags=all
@test "a limit that runc update has changed is told, and config.json's is not" {
	start_threads 0 0 --pids-limit 50 --memory 200M
	on rhel01 cmigrate check eater rhel02 | grep -c -E '^(pids|memory)-limit +ok' | grep -x 2
	on rhel01 runc update --pids-limit 60 --memory 300000000 --memory-swap 300000000 eater
	on rhel01 cmigrate check eater rhel02 >"$BATS_TEST_TMPDIR/out"
	grep -E '^pids-limit +warning .*limit of 60 .*another in its config.json; write' "$BATS_TEST_TMPDIR/out"
	grep -E '^memory-limit +warning .*limit of 286 MiB .*another in its config.json; write' "$BATS_TEST_TMPDIR/out"
}

@test "a limit of memory: what is used already, and what is shared in post-copy" {
	start_eater 60 2 --memory 120M
	on rhel01 cmigrate check eater rhel02 --strategy post-copy >"$BATS_TEST_TMPDIR/out" || true
	grep -E "^memory-limit +refused .*'eater' 120 MiB .*its 3 processes may need [12][0-9]{2} MiB; .*--strategy cold" "$BATS_TEST_TMPDIR/out"
	set_limit '.linux.resources.memory.limit = 61000000'
	refused_by memory-limit "allows container 'eater' 58 MiB of memory, and it uses 6[0-9] MiB"
	set_limit '.linux.resources.memory.limit = 125829120'
	on rhel01 cmigrate check eater rhel02 | grep -E '^memory-limit +ok'
	on rhel01 cmigrate -q move eater rhel02
	runs_only_on rhel02 eater
}
