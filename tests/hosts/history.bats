#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# What moves between real hosts leave: records, seen from each host and from a third one, a page, metrics.

load lib/lab
load lib/containers
load lib/faults
load ../lib/browser

setup_file() {
	start_lab t-history 600
}

teardown_file() {
	end_lab
}

setup() {
	make_web web 10.99.0.100/32
	start_container rhel01 web
}

teardown() {
	unwrap rhel01 rhel02
	on rhel01 rm -f /tmp/config.json /tmp/cmigrate.prom
	remove_containers rhel01 rhel02
}

# There, and an attempt to come back that is undone.
moved_and_undone() {
	on rhel01 cmigrate -q move web rhel02
	wrap_runc rhel01 '[ -z "$restoring" ] || { echo "no more runc" >&2; exit 1; }'
	run on rhel02 cmigrate -q move web rhel01
	[ "$status" -eq 4 ]
	unwrap rhel01
}

@test "two moves, one of them undone: history, one in full, a page, metrics" {
	moved_and_undone
	on rhel02 cmigrate history --json web >"$BATS_TEST_TMPDIR/rows"
	jq -e -s 'length == 2 and
		(.[0] | .outcome == "moved" and .source == "rhel01" and .destination == "rhel02" and .hold != null and
			.controller == "rhel01" and .packets == "queued" and .outage_ms >= .freeze_ms and .freeze_ms > 0 and
			.memory_bytes > 0 and .answered_by == "rhel02") and
		(.[1] | .outcome == "undone" and .source == "rhel02" and .controller == "rhel02" and
			(.error | contains("no more runc")) and .freeze_ms > 0 and .outage_ms == null)' "$BATS_TEST_TMPDIR/rows"
	run on rhel01 cmigrate history
	echo "$output"
	[ "${#lines[@]}" -eq 3 ]
	[[ ${lines[1]} == *web*rhel01*rhel02*cold*s*s*moved* ]]
	[[ ${lines[2]} == *web*rhel02*rhel01*cold*-*s*undone* ]]
	run on rhel01 cmigrate history web --move last
	[[ ${lines[0]} == "undone: 'web' runs on rhel02 again"* ]]
	[[ $output == *'steps '*prepare*outage*frozen*dump*restore* ]]

	on rhel01 cmigrate history --html - >"$BATS_TEST_TMPDIR/page.html"
	dom_of "$BATS_TEST_TMPDIR/page.html" >"$BATS_TEST_TMPDIR/dom"
	for id in $(jq -r .id "$BATS_TEST_TMPDIR/rows"); do
		grep -q -F "<article class=\"card\" id=\"m-$id\">" "$BATS_TEST_TMPDIR/dom"
		grep -q -F "<title id=\"t-$id\">" "$BATS_TEST_TMPDIR/dom"
	done

	on rhel01 cmigrate history --metrics - >"$BATS_TEST_TMPDIR/metrics"
	is_metrics "$BATS_TEST_TMPDIR/metrics"
	grep -q -x 'cmigrate_moves_total{container="web",outcome="undone"} 1' "$BATS_TEST_TMPDIR/metrics"
}

# A third host that has not mounted the shared directory.
elsewhere() { # COMMAND...
	on client unshare -m sh -c 'umount -l /runc && [ ! -e /runc/containers ] && exec "$@"' - "$@"
}

@test "from a third host, that has no shared directory: records and metrics all the same" {
	on client sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}, \"bundle_root\": \"/runc/containers\",
		\"metrics\": \"/tmp/cmigrate.prom\"}" >/tmp/config.json'
	elsewhere cmigrate -q -c /tmp/config.json move web rhel02
	on client cat /tmp/cmigrate.prom >"$BATS_TEST_TMPDIR/metrics"
	is_metrics "$BATS_TEST_TMPDIR/metrics"
	grep -q -x 'cmigrate_moves_total{container="web",outcome="moved"} 1' "$BATS_TEST_TMPDIR/metrics"
	run elsewhere cmigrate -c /tmp/config.json history --json
	jq -e '.outcome == "moved" and .controller == "client"' <<<"$output"
	elsewhere cmigrate -c /tmp/config.json history --html - >"$BATS_TEST_TMPDIR/page.html"
	[[ $(grep -o '"freeze_start_ms":' "$BATS_TEST_TMPDIR/page.html" | wc -l) -eq 1 ]]
	[[ $(on rhel01 stat -c %a /runc/containers/web/.cmigrate/history) == 600 ]]
	on client rm -f /tmp/config.json /tmp/cmigrate.prom
}

# bats test_tags=all
@test "a controller that died: recover writes the record and the metrics" {
	on rhel01 sh -c 'echo "{\"metrics\": \"/tmp/cmigrate.prom\"}" >/tmp/config.json'
	run on rhel01 env CMIGRATE_FAULT=restore:after cmigrate -q -c /tmp/config.json move web rhel02 --from rhel01
	[ "$status" -eq 137 ]
	on rhel01 cmigrate -c /tmp/config.json recover web
	run on rhel01 cmigrate history --json
	echo "$output"
	jq -e -s 'length == 1 and .[0].outcome == "moved" and .[0].settled_on == "rhel01"' <<<"$output"
	on rhel01 grep -x 'cmigrate_moves_total{container="web",outcome="moved"} 1' /tmp/cmigrate.prom
}
