#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Several gigabytes. CRIU has a pipe for each of many parts of such a memory, and so as many open files.
# check-all: it writes and reads 4 GB again and again, and needs 18 GB of memory.
# Alone: others would lack it.

load lib/lab
load lib/containers
load lib/redis
load lib/snapshot
load lib/traffic

address=10.99.0.101

setup_file() {
	start_lab t-large 1200
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

@test "4 GB: cold by both transports, and post-copy; no reply is lost" {
	start_filled_redis 4096
	start_client count incrementer $address 6379 counter "$(scaled 60)"
	for move in 'rhel01 rhel02 cold shared' 'rhel02 rhel01 post-copy shared' 'rhel01 rhel02 cold direct'; do
		read -r from to strategy transport <<<"$move"
		summary=$(on "$from" cmigrate --json move --strategy "$strategy" --transport "$transport" cache "$to" | tail -n 1)
		say "$move: $(jq -c '[.outcome, .outage_ms, .freeze_ms, .drain_ms, .stall_ms]' <<<"$summary")"
		[[ $(jq -r '"\(.outcome) \(.strategy)"' <<<"$summary") == "moved $strategy" ]]
		runs_only_on "$to" cache $address
		[[ $(memory) == "$digest" ]]
	done
	report=$(end_client count)
	say "$report"
	[[ $(jq -r .fault <<<"$report") == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(jq -r .replies <<<"$report")" ]]
}
