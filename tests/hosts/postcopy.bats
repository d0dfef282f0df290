#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Memory that follows the container.

load lib/lab
load lib/containers
load lib/redis
load lib/snapshot
load lib/traffic

address=10.99.0.101

setup_file() {
	start_lab t-postcopy 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	start_filled_redis 100
}

teardown() {
	remove_containers rhel01 rhel02
}

field() { # FILTER
	jq -r "$1" <<<"$report"
}

@test "a redis of 100 MB runs on before its memory is there, no reply is lost, nothing is left" {
	start_client count incrementer $address 6379 counter
	remember rhel01 rhel02
	for move in 'rhel01 rhel02' 'rhel02 rhel01'; do
		read -r from to <<<"$move"
		out=$(on "$from" cmigrate --json move --strategy post-copy cache "$to")
		summary=$(tail -n 1 <<<"$out")
		say "to $to: $(jq -c '[.outcome, .outage_ms, .freeze_ms, (.steps[] | select(.name == "drain" or .name == "dump") | "\(.name) \(.ms) ms")]' <<<"$summary")"
		[[ $(jq -r '"\(.outcome) \(.strategy)"' <<<"$summary") == 'moved post-copy' ]]
		jq -e '[.steps[].name] | index("serve") < index("restore") and index("restore") < index("drain") and index("drain") < index("commit")' <<<"$summary"
		runs_only_on "$to" cache $address
		[[ $(memory) == "$digest" ]]
	done
	report=$(end_client count)
	say "$report"
	[[ $(field .fault) == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(field .replies)" ]]
	unchanged
}

@test "in the clear nobody but the destination reaches the page server" {
	on rhel01 bash -c 'CMIGRATE_PAUSE=serve:before cmigrate --quiet move --strategy post-copy --encrypt off cache rhel02 </dev/null >/dev/null 2>/var/err & echo $! >/var/pid'
	wait_paused rhel01
	port=$(on rhel01 sh -c 'tr "\0" "\n" </proc/$(pgrep -f "^runc checkpoint")/cmdline' | sed -n 's/^10\.99\.0\.1://p')
	rule=$(on rhel01 nft list ruleset | grep "tcp dport $port")
	echo "$rule"
	[[ $rule == *'saddr != { 10.99.0.1, 10.99.0.2 } drop'* ]]
	on rhel01 sh -c 'kill -CONT "$(cat /var/pid)"; tail --pid="$(cat /var/pid)" -s 0.05 -f /dev/null; cat /var/err'
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	[[ -z $(on rhel01 nft list ruleset) ]]
}

# 27007 is the first choice of that move.
@test "a port for memory that another move has, or a program, is nobody else's" {
	local said
	on rhel01 nft 'add table inet cmigrate_0000000a_guard; add chain inet cmigrate_0000000a_guard in_27007 { type filter hook input priority -400; }; add rule inet cmigrate_0000000a_guard in_27007 tcp dport 27007 ip saddr != { 10.99.0.1, 10.99.0.9 } drop'
	on rhel01 bash -c 'python3 -m http.server 27008 </dev/null >/dev/null 2>&1 & echo $! >/var/pid'
	wait_on rhel01 10 '[[ -n $(ss -H -ltn "sport = :27008") ]]'
	said=$(on rhel01 env CMIGRATE_MOVE_NUMBER=7 cmigrate -v move --strategy post-copy --encrypt off cache rhel02 2>&1) || { echo "$said"; false; }
	on rhel01 sh -c 'kill "$(cat /var/pid)"'
	[[ $said == *'guard op=admit '*' port=27007 '* && $said == *' dump '*' server=10.99.0.1 port=27009'* ]]
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	[[ $(on rhel01 nft list tables) == 'table inet cmigrate_0000000a_guard' ]]
	on rhel01 nft delete table inet cmigrate_0000000a_guard
}

@test "pre-copy falls back where the kernel does not track memory, and says so" {
	on rhel01 sh -c '! criu check --feature mem_dirty_track' >/dev/null 2>&1
	run on rhel01 cmigrate move --strategy pre-copy cache rhel02
	echo "$output"
	[[ $status -eq 0 ]]
	[[ $output == *'no pre-copy on rhel01'*'cold instead'* ]]
	runs_only_on rhel02 cache $address
	run on rhel02 cmigrate --json move --strategy hybrid cache rhel01
	[[ $status -eq 0 ]]
	[[ $(tail -n 1 <<<"$output" | jq -r .strategy) == post-copy ]]
	[[ $(memory) == "$digest" ]]
}

# bats test_tags=all
@test "the agent is killed while the memory follows: that goes on, and recovery finds it whole" {
	on rhel01 tc qdisc add dev eth0 root tbf rate 100mbit burst 32kb limit 1mb
	on client bash -c 'cmigrate --quiet move --strategy post-copy --from rhel01 cache rhel02 </dev/null >/dev/null 2>/var/err; echo $? >/var/status' &
	wait_on rhel02 60 '[[ $(runc state cache 2>/dev/null) == *\"status\":\ \"running\"* ]]'
	on rhel02 bash -c 'kill -9 $(pgrep -x cmigrate-agent)'
	wait $!
	say "$(on client cat /var/status): $(on client cut -c1-230 /var/err)"
	[[ $(on client cat /var/status) -eq 6 ]]
	on rhel02 pgrep -f 'criu lazy-pages'
	on rhel01 tc qdisc del dev eth0 root
	on client cmigrate --quiet recover cache
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	[[ -z $(on rhel02 pgrep -f lazy-pages) ]]
}
