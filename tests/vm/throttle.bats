#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Pre-copy of a container that writes its memory faster than passes do: throttled, and told otherwise on its way.
# check-all: it boots machines of its own.

load ../hosts/lib/lab
load ../hosts/lib/containers

patience=$(scaled 120)

setup_file() {
	export LAB_VM=1
	start_lab t-vm-throttle 900
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# It writes all its memory again and again: with all the processor time that it may use most of it during a pass, with
# a tenth of that little. The memory is its own, since passes leave out what is shared.
writer='size = 40 << 20
memory = bytearray(size)
n = 0
while True:
    n = (n + 1) % 256
    for at in range(0, size, 4096):
        memory[at] = n
        for _ in range(300):
            pass
'

quota_of() { # HOST
	on "$1" sh -c 'cat /sys/fs/cgroup/"$(sed -n "s/^0:://p" "/proc/$(runc state writer | jq .pid)/cgroup")"/cpu.max'
}

start_writer() {
	local flags
	flag_args python3 -c "$writer"
	on rhel01 cmigrate generate writer "${flags[@]}" "${common_flags[@]}" --cpus 0.9
	on rhel01 cmigrate -q run writer
}

@test "--throttle: its quota is halved until the passes shrink, and is the old one again wherever it goes on" {
	start_writer
	[[ $(quota_of rhel01) == '90000 100000' ]]
	on rhel01 sh -c 'CMIGRATE_FAULT=park:before cmigrate -q move --strategy pre-copy --throttle --max-downtime 1 writer rhel02' && return 1
	[[ $(quota_of rhel01) != '90000 100000' ]]
	on rhel01 cmigrate recover writer
	[[ $(quota_of rhel01) == '90000 100000' ]]
	on rhel01 sh -c 'cmigrate --json move --strategy pre-copy --throttle --max-downtime 1 writer rhel02' >"$BATS_TEST_TMPDIR/out"
	say "$(jq -c 'select(.event == "summary") | [.freeze_ms, .predicted_freeze_ms, [.passes[].bytes]]' "$BATS_TEST_TMPDIR/out")"
	grep 'of the processor time that it used' "$BATS_TEST_TMPDIR/out"
	jq -e 'select(.event == "summary") | .passes | length > 3 and .[-1].bytes < .[1].bytes * 0.8' "$BATS_TEST_TMPDIR/out"
	runs_only_on rhel02 writer
	[[ $(quota_of rhel02) == '90000 100000' ]]
}

# A move with many passes, and what it is told from its destination after the first.
told_on_its_way() { # FROM TO OPTION...
	on "$1" sh -c 'echo "{\"move\": {\"lazy_from\": \"$1\"}}" >/tmp/config.json' - "${lazy_from:-64M}"
	on "$1" bash -c 'setsid cmigrate --config /tmp/config.json --json move --strategy pre-copy --throttle --max-downtime 1 \
			--timeout "$2" writer "$1" >/var/out 2>/var/err </dev/null &
		echo $! >/var/pid' - "$2" "$patience"
	wait_on "$1" 120 'grep -q "\"event\":\"progress\"" /var/out'
	on "$2" cmigrate --json tune writer "${@:3}" | jq -e '.answer == "taken"'
	on "$1" bash -c 'tail --pid="$(</var/pid)" -s 0.05 -f /dev/null; cat /var/err >&2; cat /var/out' >"$BATS_TEST_TMPDIR/out"
	say "${*:3}: $(jq -c 'select(.event == "summary") | [.strategy, .outcome, .freeze_ms, .drain_ms, (.passes | length)]' "$BATS_TEST_TMPDIR/out")"
	say "$(jq -r 'select(.event == "note") | .text' "$BATS_TEST_TMPDIR/out" | paste -sd';')"
	runs_only_on "$2" writer
	[[ $(on "$2" ls /runc/containers/writer/.cmigrate) == history ]]
}

@test "tune reaches passes that are under way: with a longer freeze none follows, with --post-copy the rest follows" {
	start_writer
	told_on_its_way rhel01 rhel02 --max-downtime 600000
	grep -q -e '--max-downtime is 600000 from now on' "$BATS_TEST_TMPDIR/out"
	grep -q 'then the rest fits the downtime budget' "$BATS_TEST_TMPDIR/out"
	jq -e 'select(.event == "summary") | .strategy == "pre-copy" and .outcome == "moved"' "$BATS_TEST_TMPDIR/out"
	told_on_its_way rhel02 rhel01 --post-copy
	grep -q 'then the rest follows, as somebody asked' "$BATS_TEST_TMPDIR/out"
	jq -e 'select(.event == "summary") | .strategy == "hybrid" and .outcome == "moved"' "$BATS_TEST_TMPDIR/out"
	# A move that would restore lazily follows too.
	lazy_from=1K told_on_its_way rhel01 rhel02 --post-copy
	jq -e 'select(.event == "summary") | .strategy == "hybrid" and .outcome == "moved"' "$BATS_TEST_TMPDIR/out"
}
