#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# How long a container may be frozen, and what becomes of one that CRIU can't seize, that has ended, or whose copy is killed.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-limits 600
	on rhel01 sh -c 'mkdir -p /etc/cmigrate; echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
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
	on rhel01 cmigrate --json move "${@:2}" "$1" rhel02 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	read_summary
}

# The exit code is what the summary says.
read_summary() {
	summary=$(tail -n 1 "$BATS_TEST_TMPDIR/out")
	error=$(jq -r .error <<<"$summary")
	say "$(jq -c '[.outcome, .exit_code, .freeze_ms, .error]' <<<"$summary")"
	cat "$BATS_TEST_TMPDIR/err"
	[[ $(jq -r .exit_code <<<"$summary") == "$status" ]] || {
		echo "exit code $status, and the output ends with: $summary"
		return 1
	}
}

# The first process counts in this program, and others do what the test is about.
counting='import ctypes, os, signal, threading, time
libc = ctypes.PyDLL(None)
def count():
    fd = os.open("/tmp/count", os.O_CREAT | os.O_WRONLY)
    n = 0
    while True:
        n += 1
        os.pwrite(fd, b"%09d" % n, 0)
        time.sleep(0.02)
'

count_of() { # HOST NAME
	on "$1" sh -c 'cat "/proc/$(runc state "$1" | jq .pid)/root/tmp/count"' - "$2"
}

counts_on() { # HOST NAME
	local count
	count=$(count_of "$1" "$2")
	wait_on "$1" 10 "[[ \$(cat /proc/\$(runc state $2 | jq .pid)/root/tmp/count) > $count ]]"
}

# The move is undone for that reason, the container goes on, and was frozen no longer than the message says.
stays() { # NAME REGEX [OPTION...]
	move "$1" "${@:3}"
	[[ $status -eq 4 && $error =~ $2 ]]
	[[ $error =~ 'it was frozen for '([0-9]+)\.[0-9]+' s, and its limit is '([0-9]+)' s' ]]
	[[ ${BASH_REMATCH[1]} -lt ${BASH_REMATCH[2]} ]]
	runs_only_on rhel01 "$1"
	counts_on rhel01 "$1"
	nothing_is_left "$1"
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

@test "a process that waits for its vfork: given up after a second each time, then undone, with its name" {
	make_python idle "$counting"'
if os.fork() == 0:
    if libc.vfork() == 0:
        while True:
            libc.sleep(1000)
count()'
	wait_on rhel01 10 'cat /proc/[0-9]*/status 2>/dev/null | grep -q "^State:.D"'
	stays idle "can't seize.*\(python3\) is in state D"
	[[ $(jq '[.steps[] | select(.name == "dump")] | length' <<<"$summary") -eq 3 ]]
}

@test "a process that another one of the container traces: undone, with its name and that of its tracer" {
	make_python idle "$counting"'
child = os.fork()
if child == 0:
    time.sleep(1e6)
libc.ptrace(0x4206, child, 0, 0)
count()'
	wait_on rhel01 10 'grep -h TracerPid /proc/[0-9]*/status 2>/dev/null | grep -q -v -w 0'
	stays idle "can't seize.*\(python3\) is traced by process" --skip-check traced
}

# bats test_tags=all
@test "a process that is traced from outside: undone, and moved when it is traced no more" {
	make_python idle "$counting"'count()'
	on rhel01 python3 -c 'import ctypes, sys, time
ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0)
time.sleep(1e6)' "$(on rhel01 sh -c 'runc state idle | jq .pid')" 3>&- &
	local tracer=$!
	wait_on rhel01 10 'grep -h TracerPid /proc/[0-9]*/status 2>/dev/null | grep -q -v -w 0'
	stays idle "can't seize.*\(python3\) is traced by process" --skip-check traced
	on rhel01 sh -c 'kill -9 "$(sed -n "s/^TracerPid:.//p" "/proc/$(runc state idle | jq .pid)/status")"'
	wait "$tracer" || true
	move idle
	[[ $status -eq 0 ]]
}

# bats test_tags=all
@test "one that executes without end, and one that starts others without end: moved, or as they were" {
	make_python idle "$counting"'
if os.fork() == 0:
    line = "exec sh -c \"$0\" \"$0\""
    os.execv("/bin/sh", ["sh", "-c", line, line])
if os.fork() == 0:
    while True:
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
count()'
	move idle
	[[ $status -eq 0 || $status -eq 4 && $error == *"can't seize"* ]]
	local host=rhel01
	[[ $status -eq 4 ]] || host=rhel02
	runs_only_on $host idle
	counts_on $host idle
	nothing_is_left idle
}

make_sleeper() { # NAME
	local flags
	flag_args busybox sleep 3600
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}"
	start_container rhel01 "$1"
}

@test "what ended by itself on both hosts is lost, and nothing of it is left" {
	make_sleeper idle
	move idle --skip-check sleep
	[[ $status -eq 9 && $(jq -r .outcome <<<"$summary") == lost ]]
	[[ -z $(state_of rhel01 idle)$(state_of rhel02 idle) ]]
	nothing_is_left idle
}

# bats test_tags=all
@test "a drain of such containers: each is told as lost, and none is in doubt" {
	local name
	for name in a b c d; do
		make_sleeper "$name"
	done
	on rhel01 cmigrate --json drain rhel01 --to rhel02 --skip-check sleep >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &&
		status=0 || status=$?
	cat "$BATS_TEST_TMPDIR"/{out,err}
	[[ $status -eq 8 ]]
	[[ $(jq -s '[.[] | select(.outcome? == "lost")] | length' "$BATS_TEST_TMPDIR/out") -eq 4 ]]
	on rhel01 cmigrate recover --all
	for name in a b c d; do
		[[ -z $(state_of rhel01 "$name")$(state_of rhel02 "$name") ]]
		nothing_is_left "$name"
	done
}

# The first process and two others share 100 MB; "eat" is a signal that makes one of those want more than there may be.
make_fat() { # [FLAG...]
	make_python fat "$counting"'
pages = bytearray(b"x") * (100 << 20)
def eat(*_):
    bytearray(b"y") * (400 << 20)
signal.signal(signal.SIGUSR1, eat)
for _ in range(2):
    if os.fork() == 0:
        while True:
            time.sleep(0.05)
count()' "$@"
	wait_on rhel01 20 '[[ $(cat /sys/fs/cgroup/pids/fat/cgroup.procs /sys/fs/cgroup/fat/cgroup.procs 2>/dev/null | wc -l) -eq 3 ]]'
}

@test "post-copy: a copy whose memory limit kills it while its memory follows is no reason to end the source" {
	make_fat --memory 150M
	stays fat 'not whole|could not be fetched|restored container is|killed by signal 9' --strategy post-copy --skip-check memory-limit
}

@test "a restore that its memory limit kills: the source goes on" {
	make_fat
	on rhel01 sh -c 'file=/runc/containers/fat/config.json; jq ".linux.resources.memory.limit = 20000000" $file >/var/new; cat /var/new >$file'
	stays fat 'restore failed' --skip-check memory-limit
}

# Stopped at a POINT, on rhel01; LINE is done meanwhile.
move_stopped_at() { # POINT NAME LINE [OPTION...]
	on rhel01 bash -c '
		CMIGRATE_PAUSE=$1 cmigrate --json move "${@:4}" "$2" rhel02 </dev/null &
		pid=$!
		exec {never}<> <(:)
		until read -r stat <"/proc/$pid/stat" && [[ $stat == *") T "* ]]; do read -r -t 0.02 -u "$never"; done
		eval "$3" >&2
		kill -CONT "$pid"
		wait "$pid"' - "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	read_summary
}

@test "a copy of which a process is killed for want of memory before the answer is not what was moved" {
	make_fat --memory 200M
	move_stopped_at answer:before fat 'ssh -n rhel02 "
		pid=\$(cat /sys/fs/cgroup/pids/fat/cgroup.procs /sys/fs/cgroup/fat/cgroup.procs 2>/dev/null | tail -n 1)
		kill -USR1 \$pid; until grep -q ^State:.Z /proc/\$pid/status; do sleep 0.05; done"'
	[[ $status -eq 4 && $error == *'not whole'* ]]
	runs_only_on rhel01 fat
	counts_on rhel01 fat
	nothing_is_left fat
}

# bats test_tags=all
@test "both copies killed before the answer: one recovery settles it" {
	make_python idle "$counting"'count()'
	move_stopped_at answer:before idle 'for host in rhel01 rhel02; do
		ssh -n $host "kill -9 \$(runc state idle | jq .pid)"; done'
	[[ $status -eq 6 || $status -eq 9 ]]
	on rhel01 cmigrate recover idle && status=0 || status=$?
	[[ $status -eq 0 || $status -eq 9 ]]
	nothing_is_left idle
}
