#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Memory that goes straight to the destination.

load lib/lab
load lib/containers
load lib/redis
load lib/snapshot
load lib/faults
load lib/traffic

address=10.99.0.101

setup_file() {
	start_lab t-transport 600
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
	on rhel01 rm -f /tmp/config.json
	on rhel02 rm -f /tmp/config.json
	remove_containers rhel01 rhel02
}

# Runs what this script is given by sh beside the page server on rhel02, whose process id is $pid.
beside_page_server() { # SCRIPT
	on rhel02 sh -c 'cat >/usr/local/sbin/criu; chmod 755 /usr/local/sbin/criu' <<-END
		#!/bin/sh
		[ "\$1" = page-server ] || exec /usr/sbin/criu "\$@"
		/usr/sbin/criu "\$@" &
		pid=\$!
		until [ -s /run/cmigrate/cache/pages/pages-65537.img ]; do :; done
		$1
		wait \$pid
	END
}

@test "memory goes over a network of its own, also of IPv6, and its page servers listen there alone" {
	local out
	for host in rhel01 rhel02; do
		on "$host" sh -c 'echo "{\"hosts\": {\"rhel01\": {\"migration_address\": \"fd99::1\"},
			\"rhel02\": {\"migration_address\": \"fd99::2\"}}}" >/tmp/config.json'
	done
	remember rhel01 rhel02
	out=$(on rhel01 cmigrate -v --config /tmp/config.json move --transport direct --encrypt off cache rhel02 2>&1) || { echo "$out"; false; }
	[[ $out == *'guard op=admit '*'server=fd99::2 '*'client=fd99::1'* && $out == *'receive op=start '*'server=fd99::2'* ]]
	[[ $out != *'by the shared directory instead'* ]]
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	out=$(on rhel02 cmigrate -v --config /tmp/config.json move --strategy post-copy --encrypt off cache rhel01 2>&1) || { echo "$out"; false; }
	[[ $out == *'guard op=admit '*'server=fd99::2 '*'client=fd99::1'* && $out == *'fetch op=start '*'server=fd99::2'* ]]
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
	unchanged
}

# The rate of a move's dump is within 15 % of 20 MB, and that of a drain, with the limit changed on its way.
# bats test_tags=all
@test "memory that goes straight keeps to the bandwidth that it is given, and to another one on its way" {
	local out rate
	out=$(on rhel01 cmigrate --json move --transport direct --bandwidth 20M cache rhel02) || { echo "$out"; false; }
	rate=$(jq -s '(.[] | select(.name == "dump" and .event == "step") | .ms) as $ms | .[-1].memory_bytes / $ms / 1048.576 | round' <<<"$out")
	say "direct, 20M: $rate KB/ms"
	[[ $rate -ge 17 && $rate -le 23 ]]
	[[ $(memory) == "$digest" ]]
	on rhel02 bash -c 'setsid cmigrate --json move --strategy post-copy --bandwidth 2M cache rhel01 >/var/out 2>&1 </dev/null &
		echo $! >/var/pid'
	wait_on rhel02 30 'grep -q "\"drain\"" /runc/containers/cache/.cmigrate/events 2>/dev/null'
	on rhel01 cmigrate tune cache --bandwidth 40M
	on rhel02 bash -c 'tail --pid="$(</var/pid)" -s 0.05 -f /dev/null; cat /var/out'
	on rhel02 tail -n 1 /var/out | jq -e '.outcome == "moved" and (.steps[] | select(.name == "drain") | .ms < 30000)'
	[[ $(memory) == "$digest" ]]
}

# Moves there, and back without a limit; prints the rate of its dump in KB a ms.
there_and_back() { # OPTION...
	local out
	out=$(on rhel01 cmigrate --json move --transport direct "$@" cache rhel02) || { echo "$out" >&2; return 1; }
	end_lap near
	on rhel02 cmigrate -q move cache rhel01 || return 1
	end_lap near
	jq -s '(.[] | select(.name == "dump" and .event == "step") | .ms) as $ms | .[-1].memory_bytes / $ms / 1048.576 | round' <<<"$out"
}

# The answers of another service of rhel01 leave by the same link, which lets 42 MB a second through.
# bats test_tags=all
@test "a client of another service on the same link waits less beside a move with --bandwidth, which keeps to its rate" {
	local free limited report
	on rhel01 sh -c 'mkdir -p /var/near && echo here >/var/near/index.html 
		busybox httpd -f -p 10.99.0.1:8100 -h /var/near </dev/null >/dev/null 2>&1 3>&- &
		echo $! >/var/near/pid'
	on rhel01 tc qdisc add dev eth0 root tbf rate 336mbit burst 256kb limit 1mb
	start_client near asker 25 20 http://10.99.0.1:8100/
	free=$(there_and_back)
	limited=$(there_and_back --bandwidth 20M)
	report=$(end_client near | jq -c '.[0] | {failed, longest_ms: [.laps[].longest_ms], p99_ms: [.laps[].p99_ms]}')
	on rhel01 sh -c 'tc qdisc del dev eth0 root; kill "$(cat /var/near/pid)"'
	say "without a limit $free KB/ms, p99 $(jq '.p99_ms[0]' <<<"$report") ms; with 20M $limited KB/ms, p99 $(jq '.p99_ms[2]' <<<"$report") ms: $report"
	[[ $limited -ge 17 && $limited -le 23 ]]
	jq -e '.failed == 0 and .p99_ms[2] < .p99_ms[0]' <<<"$report"
}

# A move that is to fail with 4 and leaves all as it was; its message matches REGEX.
is_undone() { # REGEX
	local status=0 begin
	remember rhel01 rhel02
	begin=$(now_ms)
	on rhel01 cmigrate --quiet move --transport direct cache rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	say "$(($(now_ms) - begin)) ms: $(cut -c1-230 "$BATS_TEST_TMPDIR/err")"
	[[ $status -eq 4 ]]
	grep -q -E -e "$1" "$BATS_TEST_TMPDIR/err"
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
	unchanged
}

@test "a redis of 100 MB there and back: no reply is lost, its memory is whole, nothing is left" {
	start_client count incrementer $address 6379 counter
	remember rhel01 rhel02
	for move in 'rhel01 rhel02' 'rhel02 rhel01'; do
		read -r from to <<<"$move"
		out=$(on "$from" cmigrate --json move --transport direct cache "$to" 2>"$BATS_TEST_TMPDIR/err")
		summary=$(tail -n 1 <<<"$out")
		say "to $to: $(jq -c '[.outcome, .outage_ms, .freeze_ms, (.steps[] | select(.name == "dump" or .name == "restore") | "\(.name) \(.ms) ms")]' <<<"$summary")"
		[[ $(jq -r '"\(.outcome) \(.strategy)"' <<<"$summary") == 'moved cold' ]]
		[[ $(<"$BATS_TEST_TMPDIR/err") != *'by the shared directory instead'* ]]
		runs_only_on "$to" cache $address
		[[ $(memory) == "$digest" ]]
	done
	report=$(end_client count)
	[[ $(jq -r .fault <<<"$report") == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(jq -r .replies <<<"$report")" ]]
	unchanged
}

@test "the memory is on the destination alone, and in the clear nobody but the source reaches its page server" {
	on rhel01 bash -c 'CMIGRATE_PAUSE=restore:before cmigrate --quiet move --transport direct --encrypt off cache rhel02 </dev/null >/dev/null 2>/var/err & echo $! >/var/pid'
	wait_paused rhel01
	shared=$(on rhel01 find /runc/containers/cache/.cmigrate -name '*.img' -printf '%f %s\n')
	echo "$shared"
	grep -q '^inventory.img ' <<<"$shared"
	[[ $shared != *pages-* && $shared != *pagemap-* ]]
	[[ $(awk '{sum += $2} END {print sum}' <<<"$shared") -lt 1000000 ]]
	[[ $(on rhel02 sh -c 'cat /run/cmigrate/cache/pages/pages-*.img | wc -c') -gt 100000000 ]]
	port=$(on rhel01 sh -c 'tr "\0" "\n" </proc/$(pgrep -f "^runc checkpoint")/cmdline' | sed -n 's/^10\.99\.0\.2://p')
	on rhel02 nft list ruleset | grep -F "tcp dport $port ip saddr != { 10.99.0.1, 10.99.0.2 } drop"
	on rhel01 sh -c 'kill -CONT "$(cat /var/pid)"; tail --pid="$(cat /var/pid)" -s 0.05 -f /dev/null; cat /var/err'
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	[[ -z $(on rhel02 nft list ruleset) ]]
}

# bats test_tags=all
@test "a work directory that is somebody else's: nothing is left to guard its port, nor is that one's guard touched" {
	on rhel02 mkdir -p /run/cmigrate/cache
	run on rhel01 cmigrate -v move --transport direct cache rhel02
	echo "$output"
	[[ $status -eq 4 && $output == *'/run/cmigrate/cache'* && $output != *'guard op='* ]]
	[[ -z $(on rhel02 nft list tables) ]]
	runs_only_on rhel01 cache $address
	on rhel02 rmdir /run/cmigrate/cache /run/cmigrate
}

@test "a page server that is killed in the middle of the dump: undone" {
	beside_page_server 'kill -9 $pid'
	is_undone 'the memory did not get to rhel02: its page server ended with status 137'
}

# bats test_tags=all
@test "a page server that stops in the middle of the dump: undone" {
	beside_page_server 'kill -STOP $pid'
	is_undone 'rhel01: the dump did not end within'
}

# bats test_tags=all
@test "a page server that is killed behind its last answer: what it has written is not believed" {
	on rhel02 sh -c 'cat >/usr/local/sbin/criu; chmod 755 /usr/local/sbin/criu' <<-'END'
		#!/bin/sh
		[ "$1" = page-server ] || exec /usr/sbin/criu "$@"
		/usr/sbin/criu "$@"
		exit 1
	END
	is_undone 'the memory did not get to rhel02'
}

# bats test_tags=all
@test "a controller that is killed, and recovery: one copy goes on, nothing is left" {
	remember rhel01 rhel02
	local from=rhel01 to=rhel02 fault
	for fault in prepare:after dump:before dump:after restore:before restore:after; do
		run on "$from" env CMIGRATE_FAULT=$fault cmigrate --quiet move --transport direct cache "$to"
		[[ $status -eq 137 ]]
		run on "$from" cmigrate recover cache
		say "$fault: $output"
		[[ $status -eq 0 ]]
		if [[ $fault == restore:after ]]; then
			runs_only_on "$to" cache $address
		else
			runs_only_on "$from" cache $address
		fi
		[[ $(memory) == "$digest" ]]
		[[ $fault == restore:after ]] || unchanged
	done
	on rhel02 cmigrate --quiet move --transport direct cache rhel01
	unchanged
}

@test "the source is lost when the memory is there: recovery restores it on the destination" {
	run on client env CMIGRATE_FAULT=dump:after cmigrate --quiet move --transport direct cache rhel02 --from rhel01
	[[ $status -eq 137 ]]
	"$lab" crash rhel01 3>&-
	"$lab" boot rhel01 3>&-
	place_program
	# A restore that fails is tried anew, with the memory still there, and never on the source.
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	run on client cmigrate recover cache
	say "$output"
	[[ $status -eq 6 && $output == *'the restore failed'* && $output != *rhel01* ]]
	[[ -z $(state_of rhel01 cache) ]]
	unwrap rhel02
	run on client cmigrate recover cache
	say "$output"
	[[ $status -eq 0 ]]
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	[[ -z $(on rhel02 nft list ruleset) ]]
	on rhel02 sh -c '[ ! -e /run/cmigrate ]'
	[[ $(on rhel01 ls -A /runc/containers/cache/.cmigrate) == history ]]
}

# bats test_tags=all
@test "both hosts are lost: nothing is made of the images that lack their memory" {
	run on client env CMIGRATE_FAULT=dump:after cmigrate --quiet move --transport direct cache rhel02 --from rhel01
	[[ $status -eq 137 ]]
	for host in rhel01 rhel02; do
		"$lab" crash $host 3>&-
		"$lab" boot $host 3>&-
	done
	place_program
	run on client cmigrate recover cache
	say "$output"
	[[ $status -eq 9 && $output == *'runs nowhere'* ]]
	[[ -z $(state_of rhel01 cache)$(state_of rhel02 cache) ]]
}

# bats test_tags=all
@test "the destination is lost in the middle of the dump: undone as far as it can be" {
	beside_page_server 'kill -STOP $pid; : >/run/stopped'
	on client bash -c 'cmigrate --quiet move --transport direct cache rhel02 --from rhel01 </dev/null >/dev/null 2>/var/err; echo $? >/var/status' &
	mover=$!
	wait_on rhel02 60 '[[ -e /run/stopped ]]'
	"$lab" crash rhel02 3>&-
	wait $mover
	say "$(on client cat /var/status): $(on client cut -c1-230 /var/err)"
	[[ $(on client cat /var/status) -eq 4 || $(on client cat /var/status) -eq 6 ]]
	"$lab" boot rhel02 3>&-
	place_program
	on client cmigrate recover cache
	runs_only_on rhel01 cache $address
	[[ $(memory) == "$digest" ]]
}
