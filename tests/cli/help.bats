#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The program as a process: a closed pipe, and how fast it starts. Completion: completion.bats. Help,
# usage and the manuals: tests/unit/cli/test_usage.c, test_manual.c.

bats_require_minimum_version 1.5.0

load ../lib/wait

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
}

@test "a closed pipe is no crash" {
	run bash -c '"$1" completion bash | true; [ "${PIPESTATUS[0]}" -le 1 ]' - "$cmigrate"
	[ "$status" -eq 0 ]
}

@test "it starts fast" {
	local start=$EPOCHREALTIME i
	for ((i = 0; i < 10; i++)); do
		"$cmigrate" __complete drain '' >/dev/null
	done
	# Sanitizers and busy machines are slow. This finds a library with a slow start.
	echo "$start $EPOCHREALTIME"
	[ $((${EPOCHREALTIME//[.,]/} - ${start//[.,]/})) -lt "$(scaled 2000000)" ]
}
