#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# A cold move whose memory follows the restored container from the images on the destination.

load lib/lab
load lib/containers
load lib/redis
load lib/snapshot
load lib/faults
load lib/traffic

address=10.99.0.101

setup_file() {
	start_lab t-lazy 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	start_filled_redis 100
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

steps() {
	jq -r '[.steps[].name] | join(" ")' <<<"$summary"
}

# Puts a criu in the place of another on rhel02 that does something for lazy-pages.
at_lazy_pages() { # SCRIPT
	on rhel02 sh -c 'cat >/usr/local/sbin/criu; chmod 755 /usr/local/sbin/criu' <<-END
		#!/bin/sh
		[ "\$1" = lazy-pages ] || exec /usr/sbin/criu "\$@"
		$1
	END
}

@test "a redis of 100 MB runs on before its memory is there, by both transports: no reply is lost, nothing is left" {
	start_client count incrementer $address 6379 counter
	remember rhel01 rhel02
	for move in 'rhel01 rhel02 shared' 'rhel02 rhel01 direct'; do
		read -r from to transport <<<"$move"
		out=$(on "$from" cmigrate --json move --transport "$transport" --strategy cold cache "$to")
		summary=$(tail -n 1 <<<"$out")
		say "$transport: $(jq -c '[.outcome, .outage_ms, .freeze_ms, .drain_ms, .stall_ms, (.steps[] | select(.name == "dump" or .name == "restore") | "\(.name) \(.ms) ms")]' <<<"$summary")"
		[[ $(jq -r '"\(.outcome) \(.strategy) \(.way_back)"' <<<"$summary") == 'moved cold source' ]]
		[[ $(steps) == *'dump serve restore release answer drain commit open-gate clean' ]]
		jq -e '.drain_ms >= 0 and .stall_ms >= 0' <<<"$summary"
		runs_only_on "$to" cache $address
		[[ $(memory) == "$digest" ]]
	done
	report=$(end_client count)
	[[ $(jq -r .fault <<<"$report") == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(jq -r .replies <<<"$report")" ]]
	unchanged
}

@test "the configuration says from which size on" {
	on rhel01 sh -c 'echo "{\"move\": {\"lazy_from\": \"never\"}}" >/tmp/config.json'
	summary=$(on rhel01 cmigrate --config /tmp/config.json --json move cache rhel02 | tail -n 1)
	[[ $(steps) == *'dump restore release answer commit open-gate clean' ]]
	[[ $(jq -r .drain_ms <<<"$summary") == null ]]
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
}

@test "what serves pages does not start: all memory is restored at once, by both transports" {
	local transport
	at_lazy_pages 'exit 1'
	for transport in shared direct; do
		remember rhel01 rhel02
		out=$(on rhel01 cmigrate --json move --strategy cold --transport $transport cache rhel02 2>"$BATS_TEST_TMPDIR/err")
		summary=$(tail -n 1 <<<"$out")
		say "$(grep note <<<"$out")"
		[[ $out == *'criu lazy-pages'*'all memory is restored at once instead'* ]]
		[[ $(jq -r .outcome <<<"$summary") == moved ]]
		runs_only_on rhel02 cache $address
		[[ $(memory) == "$digest" ]]
		on rhel02 cmigrate --quiet move cache rhel01
		unchanged
	done
}

@test "the lazy restore fails: all memory is restored at once, of the same images" {
	at_lazy_pages '/usr/sbin/criu "$@" & pid=$!; until [ -S /run/cmigrate/cache/lazy-pages.socket ]; do :; done; kill -9 $pid; wait $pid'
	remember rhel01 rhel02
	out=$(on rhel01 cmigrate --json move --strategy cold cache rhel02)
	summary=$(tail -n 1 <<<"$out")
	say "$(grep note <<<"$out")"
	[[ $(jq -r .outcome <<<"$summary") == moved ]]
	[[ $out == *'all memory is restored at once instead'* ]]
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	on rhel02 cmigrate --quiet move cache rhel01
	unchanged
}

@test "what serves pages is killed while the memory follows: the move is undone" {
	at_lazy_pages '/usr/sbin/criu "$@" & pid=$!; until grep -q "Tasks resumed" /run/cmigrate/cache/restore.log; do :; done 2>/dev/null; kill -9 $pid; wait $pid'
	remember rhel01 rhel02
	run on rhel01 cmigrate move --strategy cold cache rhel02
	say "$output"
	[[ $status -eq 4 ]]
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
	unchanged
}

# bats test_tags=all
@test "the controller is killed while the memory follows: recovery waits for it" {
	local status=0
	on rhel01 env CMIGRATE_FAULT=drain:before cmigrate --quiet move --strategy cold cache rhel02 || status=$?
	[[ $status -eq 137 ]]
	on rhel01 cmigrate --quiet recover cache
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
}
