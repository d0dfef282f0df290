#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Clients that go on while a container moves: what they lose, and in which order they are served.

load lib/lab
load lib/containers
load lib/traffic

setup_file() {
	start_lab t-traffic 600
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

move() { # FROM TO NAME [OPTION...]
	on "$1" cmigrate --quiet move "${@:4}" "$3" "$2"
}

field() { # FILTER
	jq -r "$1" <<<"$report"
}

# Some way into what the client does: as many lines of access as it takes on average.
let_it_run() { # SECONDS
	on client sleep "$(jq -n "$1 * ${TEST_SLOWNESS:-1}")"
}

# A hundred a second by each: connections.bats has three hundred.
@test "new connections all the time are served in one sequence, by IPv4 and IPv6" {
	make_web web 10.99.0.100/32 --label org.cmigrate.address=10.99.0.100/32,fd99::100/128
	start_container rhel01 web
	for move in 'rhel01 rhel02' 'rhel02 rhel01'; do
		read -r from to <<<"$move"
		start_client ask asker $((10 * ${TEST_SLOWNESS:-1})) "$patience" http://rhel0x/ http://rhel0x6/
		let_it_run 0.3
		move "$from" "$to" web
		let_it_run 0.3
		report=$(end_client ask)
		# What a listener with a short backlog loses of a queue that is let go comes again 1 s later.
		say "$(on "$to" nstat -saz TcpExtListenOverflows TcpExtListenDrops | awk 'NR > 1 {printf "%s %s ", $1, $2}')"
		for i in 0 1; do
			say "$(field ".[$i] | \"\(.failed) of \(.requests) failed, longest \(.longest_ms) ms, 99 of 100 within \(.p99_ms) ms, longest without an answer \(.gap_ms) ms \(.errors)\"")"
			[[ $(field ".[$i].runs | join(\" \")") == "$from $to" ]]
			[[ $(field ".[$i].requests") -gt 20 ]]
			# None is refused or reset. What a busy machine makes later than that is printed above.
			[[ $(field ".[$i].errors | keys - [\"TimeoutError\"] | length") -eq 0 ]]
		done
	done
}

@test "no connection makes a move fail: open, half a request, half open, not accepted" {
	make_web web 10.99.0.100/32
	make_redis cache 10.99.0.101/32
	start_container rhel01 web
	start_container rhel01 cache
	start_client hold holder 10.99.0.100 80 20 40
	start_client hold-cache holder 10.99.0.101 6379 20 40
	wait_on rhel01 10 'ss -Htn state syn-recv | grep -q .'
	move rhel01 rhel02 web
	move rhel01 rhel02 cache
	runs_only_on rhel02 web 10.99.0.100
	runs_only_on rhel02 cache 10.99.0.101
	report=$(end_client hold-cache)
	say "redis: $report"
	[[ $(field .alive) -eq 40 ]]
	report=$(end_client hold)
	say "web: $report"
	[[ $(field .alive) -eq 40 ]]
	[[ $(on client curl -s -m $patience http://rhel0x/) == rhel02 ]]
}

# bats test_tags=all
@test "a listener that accepts nothing has its backlog full, and moves" {
	on rhel01 cmigrate generate deaf --args python3 --args /srv/deaf.py --args 10.99.0.102 --args 7000 \
		"${common_flags[@]}" --bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind \
		--label org.cmigrate.address=10.99.0.102/32
	start_container rhel01 deaf
	wait_on rhel01 10 'ss -Htln "sport = :7000" | grep -q .'
	start_client hold holder 10.99.0.102 7000 2 20
	move rhel01 rhel02 deaf
	move rhel02 rhel01 deaf
	runs_only_on rhel01 deaf 10.99.0.102
	end_client hold
}

@test "a container without a service address moves under load, its connections are closed" {
	make_server server '' 8000
	start_container rhel01 server
	wait_on client 10 'curl -s -m 5 http://rhel01:8000/state >/dev/null'
	start_client hold holder 10.99.0.1 8000 10 20
	start_client ask asker 3 5 http://rhel01:8000/state
	let_it_run 0.2
	move rhel01 rhel02 server
	runs_only_on rhel02 server
	[[ $(on client curl -s -m $patience http://rhel02:8000/state | jq -c .errors) == '[]' ]]
	end_client ask >/dev/null
	end_client hold >/dev/null
}

# bats test_tags=all
@test "a redis client keeps its one connection over two moves, no reply is lost or wrong" {
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32,fd99::101/128
	start_container rhel01 cache
	wait_on client 10 'redis-cli -h 10.99.0.101 ping | grep -q PONG'
	start_client four incrementer 10.99.0.101 6379 four
	start_client six incrementer fd99::101 6379 six
	let_it_run 0.2
	move rhel01 rhel02 cache
	let_it_run 0.2
	move rhel02 rhel01 cache
	let_it_run 0.2
	for key in four six; do
		report=$(end_client $key)
		say "$key: $report"
		[[ $(field .fault) == null ]]
		[[ $(field .replies) -gt 100 ]]
		[[ $(on client redis-cli -h 10.99.0.101 get $key) == "$(field .replies)" ]]
	done
}
