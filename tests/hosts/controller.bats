#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# From where a move is made, what it prints, two at once, and hosts whose criu has no gate.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

address=10.99.0.100

setup_file() {
	start_lab t-controller 600
}

teardown_file() {
	end_lab
}

setup() {
	make_web web $address/32
	start_container rhel01 web
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

# cron knows no sbin, where runc and criu are.
@test "the controller is the source, the destination, a third host, and no root there; cron's PATH is enough" {
	run on rhel01 env -i PATH=/usr/bin:/bin /usr/local/sbin/cmigrate -q move web rhel02
	echo "$output"
	[[ $status -eq 0 && -z $output ]]
	runs_only_on rhel02 web $address
	on rhel01 env -i /usr/local/sbin/cmigrate -q move web rhel01 --from rhel02
	runs_only_on rhel01 web $address
	on client cmigrate -q move web rhel02 --from rhel01
	runs_only_on rhel02 web $address
	on -u oper client sh -c 'echo "{\"ssh\": {\"user\": \"root\"}, \"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/tmp/config.json
		cmigrate -q -c /tmp/config.json move web rhel01 --from rhel02'
	runs_only_on rhel01 web $address
	[[ $(on client curl -s -m $patience http://rhel0x/) == rhel01 ]]
	left=$(on client sh -c 'ls -d /run/cmigrate* /tmp/cmigrate* 2>/dev/null' || true)
	echo "left: $left"
	[[ -z $left ]]
}

@test "--json: a line for each event, one summary at the end with the promised keys" {
	out=$(on rhel01 cmigrate --json move web rhel02 2>"$BATS_TEST_TMPDIR/err")
	echo "$out"
	[[ ! -s $BATS_TEST_TMPDIR/err ]]
	# Each line by itself is an object with an event.
	[[ $(jq -R -s 'rtrimstr("\n") | split("\n") | map(fromjson) | all(type == "object" and (.event | type) == "string")' <<<"$out") == true ]]
	[[ $(jq -s 'map(select(.event == "summary")) | length' <<<"$out") -eq 1 ]]
	summary=$(tail -n 1 <<<"$out")
	jq -e '.event == "summary" and .container == "web" and .source == "rhel01" and .destination == "rhel02"
		and .strategy == "cold" and .outcome == "moved" and .exit_code == 0 and .error == null
		and (.outage_ms | type) == "number" and .freeze_ms > 0 and .freeze_ms <= .outage_ms
		and (.passes | type) == "array" and .memory_bytes > 0
		and (.steps | length) > 5 and all(.steps[]; (.name | type) == "string" and .start_ms >= 0 and .ms >= 0)' <<<"$summary" >/dev/null
	# The step events tell the same times as the summary.
	jq -s -e '(.[-1].steps | map({key: .name, value: .start_ms}) | from_entries) as $sum
		| all(.[] | select(.event == "step"); (.start_ms - $sum[.name] | fabs) < 1)' <<<"$out" >/dev/null
}

@test "--json: a refusal and an undone move end with a summary too" {
	out=$(on rhel01 cmigrate --json move web rhel01 2>/dev/null) && status=0 || status=$?
	[[ $status -eq 3 ]]
	[[ $(tail -n 1 <<<"$out" | jq -c '[.event, .outcome, .exit_code]') == '["summary","refused",3]' ]]
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	out=$(on rhel01 cmigrate --json move web rhel02 2>/dev/null) && status=0 || status=$?
	[[ $status -eq 4 ]]
	[[ $(tail -n 1 <<<"$out" | jq -c '[.event, .outcome, .exit_code, .outage_ms]') == '["summary","undone",4,null]' ]]
	[[ $(tail -n 1 <<<"$out" | jq -r .error) == *restore* ]]
}

@test "--verbose says every command with its host" {
	err=$(on rhel01 cmigrate --verbose move web rhel02 2>&1 >/dev/null)
	echo "$err"
	for line in '\[rhel01\] \+ freeze container=web$' '\[rhel01\] \+ dump container=web ' '\[rhel02\] \+ restore container=web ' \
		'\[rhel02\] \+ .* address=10\.99\.0\.100/32@eth0$'; do
		grep -q -E -e "^$line" <<<"$err"
	done
}

@test "two moves of one container at once: one moves it, the other is told that it is busy" {
	hold_restores rhel02
	on rhel01 sh -c 'cmigrate -q move web rhel02 >/var/first.out 2>&1; echo $? >/var/first.status' &
	first=$!
	wait_on rhel02 60 '[[ -e /var/started ]]'
	for host in rhel01 rhel02 client; do
		out=$(on $host cmigrate -q move web rhel02 --from rhel01 2>&1) && status=0 || status=$?
		echo "$host: $status $out"
		[[ $status -eq 7 ]]
		[[ $out == *web* && $(wc -l <<<"$out") -eq 1 ]]
	done
	let_restores_go rhel02
	wait $first
	[[ $(on rhel01 cat /var/first.status /var/first.out) == 0 ]]
	runs_only_on rhel02 web $address
}

# bats test_tags=all
@test "checks at once hinder neither each other nor a move" {
	local pid pids=()
	for _ in 1 2 3 4 5 6; do
		on rhel01 bash -c 'for _ in 1 2 3 4 5; do cmigrate -q check web rhel02 || exit; done' 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	on rhel01 bash -c 'while :; do cmigrate -q check web rhel02 && [[ ! -e /tmp/moved ]] || exit 0; done' >/dev/null 2>&1 3>&- &
	pid=$!
	on rhel01 cmigrate -q move web rhel02
	on rhel01 touch /tmp/moved
	wait "$pid"
	on rhel01 rm /tmp/moved
	runs_only_on rhel02 web $address
	[[ $(on rhel01 ls -A /runc/containers/web/.cmigrate) == history ]]
}

# bats test_tags=all
@test "two moves started at the same moment: exactly one moves" {
	on rhel01 sh -c 'cmigrate -q move web rhel02 >/var/1.out 2>&1; echo $? >/var/1.status' &
	one=$!
	on client sh -c 'cmigrate -q move web rhel02 --from rhel01 >/var/2.out 2>&1; echo $? >/var/2.status' &
	two=$!
	wait $one
	wait $two
	on rhel01 cat /var/1.status /var/1.out
	on client cat /var/2.status /var/2.out
	# The later one may find the container gone from the source, or another at work.
	[[ $(
		on rhel01 cat /var/1.status
		on client cat /var/2.status
	) =~ ^(0.[37]|[37].0)$ ]]
	runs_only_on rhel02 web $address
}

# bats test_tags=all
@test "two containers move at once, in both directions" {
	make_redis cache 10.99.0.101/32
	start_container rhel01 cache
	on rhel01 redis-cli -h 10.99.0.101 set key value
	on rhel01 cmigrate -q move cache rhel02
	on rhel01 sh -c 'cmigrate -q move web rhel02 >/var/1.out 2>&1' &
	one=$!
	on rhel02 sh -c 'cmigrate -q move cache rhel01 >/var/2.out 2>&1' &
	two=$!
	wait $one || {
		on rhel01 cat /var/1.out
		false
	}
	wait $two || {
		on rhel02 cat /var/2.out
		false
	}
	runs_only_on rhel02 web $address
	runs_only_on rhel01 cache 10.99.0.101
	[[ $(on client redis-cli -h 10.99.0.101 get key) == value ]]
	[[ $(on client curl -s -m $patience http://rhel0x/) == rhel02 ]]
}

# bats test_tags=all
@test "a criu without a gate: a move there and back" {
	claim_criu rhel01 3.18
	claim_criu rhel02 3.18
	on rhel01 cmigrate -q move --skip-check criu-kernel web rhel02
	runs_only_on rhel02 web $address
	on rhel02 cmigrate -q move --skip-check criu-kernel web rhel01
	runs_only_on rhel01 web $address
}

@test "a criu without a gate: a restore that fails is undone by one on the source" {
	make_server server 10.99.0.102/32 8000
	start_container rhel01 server
	sum=$(on client curl -s http://10.99.0.102:8000/state | jq -r .sum)
	claim_criu rhel01 3.18
	claim_criu rhel02 3.18
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo "no such luck" >&2; exit 1; }'
	remember rhel01 rhel02
	err=$(on rhel01 cmigrate -q move --skip-check criu-kernel server rhel02 2>&1) && status=0 || status=$?
	echo "$status $err"
	[[ $status -eq 4 && $err == *"no such luck"* ]]
	runs_only_on rhel01 server 10.99.0.102
	state=$(on client curl -s -m $patience http://10.99.0.102:8000/state)
	[[ $(jq -r .sum <<<"$state") == "$sum" && $(jq -c .errors <<<"$state") == '[]' ]]
	unchanged
}
