#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Pre-copy and post-copy on a kernel that tracks written pages.
# check-all: it boots machines of its own, and moves 300 MB.

load ../hosts/lib/lab
load ../hosts/lib/containers
load ../hosts/lib/redis
load ../hosts/lib/traffic

patience=$(scaled 120)
address=10.99.0.101

setup_file() {
	export LAB_VM=1
	start_lab t-vm-memory 900
}

teardown_file() {
	end_lab
}

setup() {
	start_filled_redis 300
}

teardown() {
	remove_containers rhel01 rhel02
}

field() { # FILTER
	jq -r "$1" <<<"$report"
}

move() { # FROM TO STRATEGY [OPTION...]
	local out
	out=$(on "$1" cmigrate --json move --strategy "$3" --timeout "$patience" "${@:4}" cache "$2") || {
		echo "$out" | tail -n 1
		return 1
	}
	summary=$(tail -n 1 <<<"$out")
	say "$3 to $2: $(jq -c '[.outage_ms, .freeze_ms, .total_ms, [.passes[].bytes]]' <<<"$summary")"
	say "$(jq -r 'select(.event == "note") | .text' <<<"$out" | tr '\n' ';')"
	[[ $(jq -r '"\(.outcome) \(.strategy)"' <<<"$summary") == "moved $3" ]]
	runs_only_on "$2" cache $address
	[[ $(memory) == "$digest" ]]
}

# move.bats compares the other strategies, with less memory, which makes them quicker.
@test "pre-copy: no reply lost, no memory lost, a freeze of less than half of the cold one" {
	start_client count incrementer $address 6379 counter "$patience" 0.01
	move rhel01 rhel02 cold
	cold=$(jq .freeze_ms <<<"$summary")
	move rhel02 rhel01 pre-copy
	ahead=$(jq .freeze_ms <<<"$summary")
	[[ $(jq '.passes | length' <<<"$summary") -ge 2 ]]
	# The second pass has what was written since the first.
	jq -e '.passes[1].bytes < .passes[0].bytes / 2' <<<"$summary"
	report=$(end_client count)
	say "$report"
	[[ $(field .fault) == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(field .replies)" ]]
	say "frozen: cold $cold ms, pre-copy $ahead"
	jq -n -e --argjson cold "$cold" --argjson ahead "$ahead" '$ahead * 2 < $cold'
}

# Prints a sum of a thousand keys, which nobody writes.
small_keys() {
	local -a keys
	mapfile -t keys < <(seq -f small:%g 0 999)
	on client redis-cli -h $address debug digest-value "${keys[@]}" | sha256sum
}

# A restore of all memory at once is the measure: its dump and its restore have all of it.
@test "pre-copy: the memory of its passes follows from the images, by both transports" {
	on client redis-cli -h $address debug populate 1000 small 100 >/dev/null
	small=$(small_keys)
	start_client count incrementer $address 6379 counter "$patience" 0.01
	on rhel01 sh -c 'echo "{\"move\": {\"lazy_from\": \"never\"}}" >/tmp/config.json'
	move rhel01 rhel02 cold --config /tmp/config.json
	cold=$(jq .freeze_ms <<<"$summary")
	move rhel02 rhel01 pre-copy
	ahead=$(jq .freeze_ms <<<"$summary")
	[[ $(jq -r '[.steps[].name] | join(" ")' <<<"$summary") == *'dump serve restore release answer drain commit open-gate clean' ]]
	[[ $(small_keys) == "$small" ]]
	# In the clear: one emulated processor takes more than the time of a pass to encrypt 300 MB.
	move rhel01 rhel02 pre-copy --transport direct --encrypt off
	jq -e '.drain_ms > 0' <<<"$summary"
	[[ $(small_keys) == "$small" ]]
	report=$(end_client count)
	say "$report"
	[[ $(field .fault) == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(field .replies)" ]]
	say "frozen: cold $cold ms, pre-copy $ahead"
	jq -n -e --argjson cold "$cold" --argjson ahead "$ahead" '$ahead * 2 < $cold'
}

@test "auto: cold if the freeze fits the budget, otherwise pre-copy" {
	on rhel01 cmigrate --json move --dry-run --max-downtime 600000 cache rhel02 >"$BATS_TEST_TMPDIR/plan"
	[[ $(jq -r 'select(.event == "plan") | .strategy' <"$BATS_TEST_TMPDIR/plan") == cold ]]
	on rhel01 cmigrate --json move --dry-run --max-downtime 101 cache rhel02 >"$BATS_TEST_TMPDIR/plan"
	say "$(jq -c 'select(.event == "plan") | .predicted_freeze_ms' <"$BATS_TEST_TMPDIR/plan")"
	[[ $(jq -r 'select(.event == "plan") | .strategy' <"$BATS_TEST_TMPDIR/plan") == pre-copy ]]
	jq -e 'select(.event == "plan") | .predicted_freeze_ms > 101' <"$BATS_TEST_TMPDIR/plan"
}

@test "a pass that a killed controller has begun ends by itself, and the container goes on" {
	on rhel01 sh -c 'timeout -s KILL 8 cmigrate --quiet move --strategy pre-copy --max-downtime 1 cache rhel02' && return 1
	run on rhel01 cmigrate recover cache
	echo "$output"
	[[ $status -eq 0 ]]
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
}
