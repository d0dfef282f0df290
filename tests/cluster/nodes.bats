#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# A container in a cluster of three test hosts, set up by the commands of docs/cluster.md, with a fence agent that
# powers them off.

bats_require_minimum_version 1.5.0

load ../hosts/lib/containers
load ../hosts/lib/traffic
load lib/cluster

setup_file() {
	start_nodes t-cluster 3000
	make_redis web $address/32
	start_cluster
	run_commands rhel01 pcs
	settled_on_any
}

teardown_file() {
	end_nodes
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tell_all
}

@test "standby moves the container live, and no request fails" {
	from=$(whereabouts)
	start_client count incrementer $address 6379 counter "$patience" 0.02
	on "$from" crm_attribute --node "$from" --name standby --update on
	settled_elsewhere "$from"
	report=$(end_client count)
	on "$from" crm_attribute --node "$from" --name standby --delete
	say "$report"
	[ "$(jq .fault <<<"$report")" = null ]
	counts_on_from "$(jq .replies <<<"$report")"
	runs_once_on "$(whereabouts)"
}

@test "a host that loses its power is fenced, and a survivor starts the container" {
	lost=$(whereabouts)
	: >"$POWER_LOG"
	"$lab" crash "$lost"
	survivor=$(survivor_of "$lost")
	settled_elsewhere "$lost" "$survivor"
	grep -q "power: .* $lost" "$POWER_LOG"
	# Its program began anew.
	[ "$(add_one)" = 1 ]
	runs_once_on "$(whereabouts "$survivor")"
	come_back "$lost" "$survivor"
}
