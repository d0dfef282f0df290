#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Pre-copy of a container that writes its memory faster than passes do.
# check-all: it boots machines of its own.

load ../hosts/lib/lab
load ../hosts/lib/containers

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

@test "--throttle: its quota is halved until the passes shrink, and is the old one again wherever it goes on" {
	local flags
	flag_args python3 -c "$writer"
	on rhel01 cmigrate generate writer "${flags[@]}" "${common_flags[@]}" --cpus 0.9
	on rhel01 cmigrate -q run writer
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
