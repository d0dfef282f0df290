#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# How long a container may be frozen, and what becomes of one that CRIU can't seize, or that has ended.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-limits 400
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

make_python() { # NAME PROGRAM [FLAG...]
	local flags
	flag_args python3 -c "$2"
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" "${@:3}"
	start_container rhel01 "$1"
}

move() { # NAME [OPTION...]: sets status, error and summary
	status=0
	summary=$(on rhel01 cmigrate --json move "${@:2}" "$1" rhel02 2>"$BATS_TEST_TMPDIR/err" | tail -n 1)
	error=$(jq -r .error <<<"$summary")
	status=$(jq -r .exit_code <<<"$summary")
	say "$(jq -c '[.outcome, .exit_code, .freeze_ms, .error]' <<<"$summary")"
	cat "$BATS_TEST_TMPDIR/err"
}

# Nothing of a move is left, and one recovery has nothing to do.
nothing_is_left() { # NAME
	local host
	for host in rhel01 rhel02; do
		on "$host" sh -c '[ ! -e /run/cmigrate ] && ! pgrep -x criu'
	done
	on rhel01 sh -c '! ls -d /runc/containers/"$1"/.cmigrate/images-* 2>/dev/null' - "$1"
	on rhel01 cmigrate recover "$1"
}

states() { # HOST NAME: of its processes
	on "$1" sh -c 'cat /sys/fs/cgroup/pids/"$1"/cgroup.procs /sys/fs/cgroup/"$1"/cgroup.procs 2>/dev/null | while read -r pid; do
		sed -n "s/^State:.\(.\).*/\1/p" "/proc/$pid/status"; done' - "$2" | tr '\n' ' '
}

@test "a process that is stopped moves, and stays stopped" {
	make_python idle 'import os, signal, time
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
while True:
    time.sleep(0.05)'
	wait_on rhel01 10 'cat /proc/[0-9]*/status 2>/dev/null | grep -q "^State:.T"'
	move idle
	[[ $status -eq 0 ]]
	runs_only_on rhel02 idle
	[[ $(states rhel02 idle) == *T* ]]
	nothing_is_left idle
}

@test "a process that waits for its vfork: given up after a second each time, then undone, with its name" {
	make_python idle 'import ctypes
libc = ctypes.PyDLL(None)
if libc.vfork() == 0:
    while True:
        libc.sleep(1000)'
	move idle
	[[ $status -eq 4 && $error == *"can't seize"*"(python3)"* ]]
	[[ $(jq '[.steps[] | select(.name == "dump")] | length' <<<"$summary") -eq 3 ]]
	runs_only_on rhel01 idle
	[[ $(on rhel01 cat /sys/fs/cgroup/freezer/idle/freezer.state 2>/dev/null || echo THAWED) == THAWED ]]
	nothing_is_left idle
}

@test "what ended by itself on both hosts is lost, and nothing of it is left" {
	local flags
	flag_args busybox sleep 3600
	on rhel01 cmigrate generate idle "${flags[@]}" "${common_flags[@]}"
	start_container rhel01 idle
	move idle
	[[ $status -eq 9 && $(jq -r .outcome <<<"$summary") == lost ]]
	[[ -z $(state_of rhel01 idle)$(state_of rhel02 idle) ]]
	nothing_is_left idle
}

@test "post-copy: a copy whose memory limit kills it while its memory follows is no reason to end the source" {
	make_python fat 'import os, time
pages = bytearray(b"x") * (100 << 20)
for _ in range(2):
    if os.fork() == 0:
        break
while True:
    time.sleep(0.05)' --memory 150M
	wait_on rhel01 20 '[[ $(cat /sys/fs/cgroup/pids/fat/cgroup.procs /sys/fs/cgroup/fat/cgroup.procs 2>/dev/null | wc -l) -eq 3 ]]'
	move fat --strategy post-copy
	[[ $status -eq 4 ]]
	runs_only_on rhel01 fat
	nothing_is_left fat
}
