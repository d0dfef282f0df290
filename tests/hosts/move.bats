#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Containers go there and back, and go on where they were; ten times in a row in check-all.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-move 600
	on client mkdir -p /tmp/out
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# Moves a container to the other host and back; CHECK HOST is called after each move.
there_and_back() { # ROUNDS NAME ADDRESS CHECK
	local round from to
	for ((round = 1; round <= $1; round++)); do
		for from in rhel01 rhel02; do
			to=rhel02
			[[ $from == rhel01 ]] || to=rhel01
			on "$from" cmigrate --quiet move "$2" "$to" || {
				echo "round $round, $from to $to" >&2
				return 1
			}
			"$4" "$to"
		done
	done
	runs_only_on rhel01 "$2" "$3"
}

web_answers() { # HOST
	[[ $(on client curl -s -m $patience http://rhel0x/) == "$1" ]]
}

# bats test_tags=all
@test "a web server with the article's flags moves there and back ten times" {
	make_web web 10.99.0.100/32
	start_container rhel01 web
	web_answers rhel01
	there_and_back 10 web 10.99.0.100/32 web_answers
}

redis() { # ARG...
	on client redis-cli -h 10.99.0.101 "$@"
}

# Of all values but the counter's.
redis_digest() {
	redis eval 'local all = {}; for i = 0, 4999 do all[i + 1] = redis.call("get", "key:" .. i) end
		return redis.sha1hex(table.concat(all, ","))' 0
}

# As many as were counted, and what was set in the beginning.
redis_goes_on() { # HOST
	moves=$((moves + 1))
	[[ $(redis incr moves) == "$moves" ]]
	[[ $(redis dbsize) == 5001 ]]
	[[ $(redis_digest) == "$digest" ]]
}

redis_there_and_back() { # ROUNDS
	make_redis cache 10.99.0.101/32
	start_container rhel01 cache
	wait_on client 10 'redis-cli -h 10.99.0.101 ping | grep -q PONG'
	redis eval 'for i = 0, 4999 do redis.call("set", "key:" .. i, string.rep(i, 100)) end' 0
	moves=$(redis incr moves)
	digest=$(redis_digest)
	there_and_back "$1" cache 10.99.0.101/32 redis_goes_on
}

# bats test_tags=all
@test "a redis keeps its data there and back ten times" {
	redis_there_and_back 10
}

@test "a redis keeps its data there and back; --json tells how much a dump has written" {
	redis_there_and_back 1
	run on rhel01 cmigrate --json move cache rhel02
	echo "$output"
	[[ $status -eq 0 ]]
	jq -s -e 'map(select(.event == "progress")) as $p |
		($p | length) > 0 and ($p[-1].bytes > 1000000) and .[-1].event == "summary"' <<<"$output"
}

server_state() {
	on client curl -s -m $patience http://10.99.0.102:8000/state
}

# The counter counts on by one, the timers go on and never back, all that it checks is whole.
server_goes_on() { # HOST
	local before=$state
	state=$(server_state)
	echo "$state"
	jq -e -n --argjson a "$before" --argjson b "$state" '
		$b.count == $a.count + 1 + '"$asked"' and $b.ticks > $a.ticks and $b.expirations > $a.expirations
		and $b.backwards == 0 and $b.pid == $a.pid and $b.sum == $a.sum and $b.errors == []' >/dev/null
}

server_there_and_back() { # ROUNDS
	make_server server 10.99.0.102/32 8000
	start_container rhel01 server
	wait_on client 10 'curl -s -m 10 http://10.99.0.102:8000/state >/dev/null'
	state=$(server_state)
	# The endpoint is asked once before and once after each move.
	asked=2
	there_and_back "$1" server 10.99.0.102/32 server_goes_on
}

@test "threads, timers, files, pipes and a counter go on there and back" {
	server_there_and_back 1
}

# bats test_tags=all
@test "threads, timers, files, pipes and a counter go on there and back ten times" {
	server_there_and_back 10
}
