#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Freezes of a container with much memory and open connections: bounded by --max-downtime, or only rehearsed.

load lib/lab
load lib/containers
load lib/faults
load lib/redis
load lib/snapshot
load lib/traffic

address=10.99.0.101

setup_file() {
	start_lab t-bound 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	start_filled_redis 200
	start_client count incrementer $address 6379 counter "$patience" 0.01
	remember rhel01 rhel02
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

# Sets status and summary. It stays on rhel01, and so do its connections.
stays() { # OPTION...
	on rhel01 cmigrate --json move --if-slow abort "$@" cache rhel02 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" &&
		status=0 || status=$?
	summary=$(tail -n 1 "$BATS_TEST_TMPDIR/out")
	say "$*: $(jq -c '[.exit_code, .undone_by, .predicted_freeze_ms, .freeze_ms, .error]' <<<"$summary")"
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 4 && $(jq -r '"\(.outcome) \(.exit_code)"' <<<"$summary") == 'undone 4' ]]
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
}

# One connection all the time, and no reply lost.
was_served() {
	report=$(end_client count)
	say "$report"
	[[ $(jq -r .fault <<<"$report") == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(jq .replies <<<"$report")" ]]
}

# What its next move is predicted to take: as if its last one had taken so long.
say_it_took() { # MS
	on rhel01 sh -c 'dir=/runc/containers/cache/.cmigrate
		mkdir -p $dir
		jq -c -n --argjson ms "$1" "{id: \"20261130T070809-00000001\", started: \"2026-11-30T07:08:09Z\", container: \"cache\",
			source: \"rhel01\", destination: \"rhel02\", strategy: \"cold\", outcome: \"moved\", exit_code: 0, freeze_ms: \$ms}" >$dir/history' - "$1"
}

@test "a freeze that is predicted to be too long never begins, by the rates or by what the last one took" {
	say_it_took 30000
	stays --strategy cold --max-downtime 20000
	jq -e '.undone_by == "prediction" and .predicted_freeze_ms == 30000 and .freeze_ms == null' <<<"$summary"
	[[ $(jq -r .error <<<"$summary") == *'--max-downtime 30001 or --if-slow go'* ]]
	jq -e '[.steps[].name] == ["prepare"]' <<<"$summary"
	on rhel01 rm /runc/containers/cache/.cmigrate/history
	stays --strategy cold --max-downtime 99
	jq -e '.undone_by == "prediction" and .predicted_freeze_ms >= 100 and .freeze_ms == null' <<<"$summary"
	was_served
	# As its client saw it, nothing like a freeze of all its memory.
	jq -e '.longest_ms < 1000' <<<"$report"
}

# A machine that is busy with something else at that very moment gets two more tries.
ends_at() { # BOUND STEPS
	local try
	for try in 1 2 3; do
		say_it_took 1
		stays --strategy cold --max-downtime "$1"
		jq -e --arg steps "$2" '.undone_by == "max-downtime" and (.steps[-1].name | test($steps))' <<<"$summary"
		! jq -e --argjson most $(($1 + $(scaled 50))) '.freeze_ms <= $most' <<<"$summary" || return 0
	done
	echo "$try times later than that"
	return 1
}

@test "a freeze that was predicted to be shorter ends at the bound, in the dump and in the restore" {
	ends_at 150 'dump|serve|restore'
	hold_restores rhel02
	ends_at "$(scaled 1500)" restore
	let_restores_go rhel02
	was_served
	unchanged
}

@test "if-slow go and a bound that is long enough move it" {
	on rhel01 cmigrate --json move --strategy cold --if-slow abort --max-downtime 60000 cache rhel02 >"$BATS_TEST_TMPDIR/out"
	runs_only_on rhel02 cache $address
	on rhel02 cmigrate -q move --strategy cold --if-slow go --max-downtime 1 cache rhel01
	runs_only_on rhel01 cache $address
	was_served
}

@test "if-slow post-copy: the memory follows where the freeze would be too long" {
	on rhel01 cmigrate --json move --strategy cold --if-slow post-copy --max-downtime 99 cache rhel02 >"$BATS_TEST_TMPDIR/out"
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -r .strategy) == post-copy ]]
	on rhel02 cmigrate --json move --strategy cold --if-slow post-copy --max-downtime 60000 cache rhel01 >"$BATS_TEST_TMPDIR/out"
	[[ $(tail -n 1 "$BATS_TEST_TMPDIR/out" | jq -r .strategy) == cold ]]
	[[ $(memory) == "$digest" ]]
	was_served
}

@test "a rehearsal restores its connections in a network that reaches nobody, and they go on" {
	on rhel01 cmigrate --json check --rehearse cache rhel02 >"$BATS_TEST_TMPDIR/out"
	row=$(jq -c 'select(.event == "rehearsal")' "$BATS_TEST_TMPDIR/out")
	say "$row"
	jq -e '.restore_ms > 0 and .image_bytes > 200000000' <<<"$row"
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
	was_served
	unchanged
}
