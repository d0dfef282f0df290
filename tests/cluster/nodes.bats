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

# For the reader of a failed test.
tell_all() {
	local host
	cat "$BATS_FILE_TMPDIR/power"
	for host in "${nodes[@]}"; do
		on "$host" sh -c 'echo "== $(uname -n)"; crm_mon --one-shot; cat /run/cmigrate-ocf/web.log; runc list
			grep -h -e "pacemaker-controld.*web" -e "reason" /var/log/pacemaker/pacemaker.log | cut -c 1-300 | tail -n 30' 2>&1 || true
	done
}

count() {
	on client redis-cli -h $address get counter
}

add_one() {
	on client timeout $patience redis-cli -h $address incr counter
}

# The container went on with COUNT, and was not started anew.
counts_on_from() { # COUNT
	local now
	now=$(add_one)
	[[ $now -gt $1 ]] || {
		echo "the counter was $1 and is $now" >&2
		return 1
	}
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
	: >"$BATS_FILE_TMPDIR/power"
	"$lab" crash "$lost"
	survivor=$(survivor_of "$lost")
	settled_elsewhere "$lost" "$survivor"
	grep -q "power: .* $lost" "$BATS_FILE_TMPDIR/power"
	# Its program began anew.
	[ "$(add_one)" = 1 ]
	runs_once_on "$(whereabouts "$survivor")"
	come_back "$lost" "$survivor"
}
