#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Warnings of checks: where they are told, and where they refuse.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-warnings 300
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

start_python() { # PROGRAM [CHANGE]: of config.json, for jq
	local flags
	flag_args python3 -c "$prelude$1"'
open("/tmp/ready", "w")
while True:
    time.sleep(1)'
	on rhel01 cmigrate generate late "${flags[@]}" "${common_flags[@]}"
	[[ -z ${2-} ]] || on rhel01 sh -c 'file=/runc/containers/late/config.json; jq "$1" $file >/var/new; cat /var/new >$file' - "$2"
	start_container rhel01 late
	wait_on rhel01 20 'test -e "/proc/$(runc state late | jq .pid)/root/tmp/ready"'
}

prelude='import ctypes, os, select, struct, time
libc = ctypes.CDLL(None, use_errno=True)
def timer(value, interval):
    fd = libc.timerfd_create(1, 0)
    assert libc.timerfd_settime(fd, 0, struct.pack("qqqq", 0, interval, 0, value), None) == 0
'

# Memory that no process has.
detached='libc.shmat.restype = ctypes.c_void_p
number = libc.shmget(0x7788, 32 << 20, 0o1600)
libc.shmdt.argtypes = [ctypes.c_void_p]
at = libc.shmat(number, None, 0)
ctypes.memset(at, 7, 32 << 20)
libc.shmdt(at)
'

@test "warnings refuse with --strict, and are in the summary and in the record" {
	local status=0
	start_python "timer(20000000, 20000000)
$detached"
	on rhel01 cmigrate --json move --strict late rhel02 >"$BATS_TEST_TMPDIR/out" || status=$?
	[[ $status -eq 3 ]]
	tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -e '.outcome == "refused" and .check == "timers" and .cause == "check" and
		(.error | test("timers.*--strict")) and [.warnings[].check] == ["timers"]'
	runs_only_on rhel01 late
	on rhel01 cmigrate check --strict late rhel02 | grep -E '^timers +refused'
	# Where nobody else is asked to agree.
	on rhel01 sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/var/hosts.json'
	run on rhel01 cmigrate --config /var/hosts.json drain --strict rhel01
	[[ $status -eq 8 && $output == *"'timers'"* ]]
	on rhel01 cmigrate --config /var/hosts.json check late | grep -E '^rhel02 +ok +warns: timers$'
	runs_only_on rhel01 late
	on rhel01 cmigrate --json move late rhel02 >"$BATS_TEST_TMPDIR/out"
	tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -e '.outcome == "moved" and .memory_bytes > 33554432 and
		(.warnings | length == 1 and .[0].check == "timers" and (.[0].message | test("every 0.020 s")) and .[0].remedy != "")'
	on rhel01 cmigrate history --json --move last | jq -e '.warnings[0].check == "timers"'
	on rhel01 cmigrate history --move last | grep "warning of check 'timers': .*every 0.020 s"
	on rhel01 cmigrate history | grep -E 'moved +timers '
}

@test "a checkpoint is refused for what a dump can't have, before anything is touched" {
	local status=0
	start_python 'timer(20000000, 20000000)
os.close(libc.mq_open(b"/jobs", 0o102, 0o600, None))'
	on rhel01 cmigrate --json checkpoint late >"$BATS_TEST_TMPDIR/out" || status=$?
	[[ $status -eq 3 ]]
	tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -e '.outcome == "refused" and .check == "queues" and .warnings[0].check == "timers"'
	runs_only_on rhel01 late
	status=0
	on rhel01 cmigrate checkpoint --skip-check queues --strict late 2>"$BATS_TEST_TMPDIR/err" || status=$?
	[[ $status -eq 3 ]]
	grep "'timers'.*--strict" "$BATS_TEST_TMPDIR/err"
	on rhel01 test ! -e /runc/containers/late/checkpoint
	runs_only_on rhel01 late
}

# Each tells that it was run, and leaves a program running.
hooks='.hooks = ([["prestart", "createRuntime", "poststart", "poststop"][] | {key: ., value: [{path: "/bin/sh", args: ["sh", "-c",
	"echo \(.) >>/run/heard; sleep 1000 </dev/null >/dev/null 2>&1 &"]}]}] | from_entries)'

@test "OCI hooks are warned of, and a recovery does not wait for what they have started" {
	start_python '' "$hooks"
	on rhel01 cmigrate check late rhel02 | grep -E '^hooks +warning .*\(prestart, createRuntime, poststart, poststop\): rhel02 runs'
	[[ $(on rhel01 cat /run/heard) == prestart$'\n'createRuntime$'\n'poststart ]]
	on rhel01 sh -c '! CMIGRATE_FAULT=commit:after cmigrate -q move late rhel02'
	# Each wait for the end of runc and criu takes 15 s at least if it has to be given up.
	on rhel01 timeout "$(scaled 12)" cmigrate -q recover late
	runs_only_on rhel02 late
	[[ $(on rhel02 cat /run/heard) == prestart$'\n'createRuntime ]]
	[[ $(on rhel01 tail -n 1 /run/heard) == poststop ]]
	[[ $(on rhel02 pgrep -c -f '^sleep 1000$') -eq 2 ]]
	on rhel01 sh -c 'kill $(pgrep -f "^sleep 1000") && rm /run/heard'
	on rhel02 sh -c 'kill $(pgrep -f "^sleep 1000") && rm /run/heard'
}
