#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2046,SC2154 # variables of lib; single quotes: for a host's shell; words
# Four hosts and three to eight containers: drained, rebalanced, with a host that is off, and two at once.

load lib/lab
load lib/containers
load lib/faults

hosts=(rhel01 rhel02 rhel03 rhel04)
address=10.99.0.100

setup_file() {
	start_lab t-fleet 600 4
	for host in rhel01 rhel02 client; do
		on $host sh -c 'mkdir -p /etc/cmigrate && cat >/etc/cmigrate/config.json' <<-END
			{"hosts": {"rhel01": {}, "rhel02": {}, "rhel03": {}, "rhel04": {}},
				"ssh": {"options": ["-o", "ConnectTimeout=3"]}}
		END
	done
}

teardown_file() {
	end_lab
}

setup() {
	make_web web $address/32
	on rhel03 sh -c 'mkdir -p /tmp/web && uname -n >/tmp/web/index.html'
	on rhel04 sh -c 'mkdir -p /tmp/web && uname -n >/tmp/web/index.html'
	start_container rhel01 web
	make_idle c1 c2 c3 c4 c5 c6 c7
	start_idle rhel01 c1 c2
}

teardown() {
	local booted=''
	for host in "${hosts[@]}"; do
		[[ $("$lab" boot $host) == *'already up' ]] || booted=yes
	done
	[[ -z $booted ]] || place_program
	unwrap "${hosts[@]}"
	remove_containers "${hosts[@]}"
}

# Containers that do next to nothing.
make_idle() { # NAME...
	local name flags
	flag_args tail -f /dev/null
	for name in "$@"; do
		on rhel01 cmigrate -q generate "$name" "${flags[@]}" --rootfs /runc/rootfs --read-only
	done
}

start_idle() { # HOST NAME...
	on "$1" bash -c 'for name in "$@"; do
		runc run -d --bundle "/runc/containers/$name" "$name" </dev/null >/dev/null 2>&1
	done' - "${@:2}"
}

# "NAME HOST" of all that run on hosts that are up: one that is off would cost its deadline each time.
running() {
	on client cmigrate --json list $("$lab" status | awk '$1 ~ /^rhel/ && / up /{print $1}') | jq -r 'select(.state == "running") | "\(.name) \(.host)"' | sort
}

count_on() { # HOST
	running | grep -c " $1\$" || true
}

# Each of these runs, and on one host.
each_once() { # NAME...
	diff <(running | cut -d' ' -f1) <(printf '%s\n' "$@" | sort)
}

nothing_is_left() {
	# The records of past moves stay.
	[[ -z $(on rhel01 find /runc/containers -path '*/.cmigrate/*' ! -name history) ]]
}

@test "drain: four at a time, its connections and address along, and nothing is left there" {
	start_idle rhel01 c3 c4 c5
	out=$(on client cmigrate --json drain rhel01 --parallel 4)
	echo "$out"
	[[ $(jq -r 'select(.event == "move").outcome' <<<"$out" | sort | uniq -c | tr -s ' ') == ' 6 moved' ]]
	tail -n 1 <<<"$out" | jq -e '.moved == 6 and .failed == 0 and .left == [] and .exit_code == 0'
	[[ $(count_on rhel01) -eq 0 ]]
	each_once web c1 c2 c3 c4 c5
	# Spread out, not all on one of them.
	for host in rhel02 rhel03 rhel04; do
		[[ $(count_on $host) -ge 1 ]]
	done
	[[ $(on client curl -s -m $patience http://rhel0x/) == "$(running | sed -n 's/^web //p')" ]]
	nothing_is_left
	out=$(on client cmigrate drain rhel01)
	[[ $out == 'drained rhel01: 0 moved in '* ]]
}

# bats test_tags=all
@test "drain: the source is the controller, small ones first, one stays behind by name" {
	start_idle rhel01 c3
	out=$(on rhel01 cmigrate --json drain rhel01 --parallel 1 --to rhel02 --exclude c2)
	echo "$out"
	[[ $(count_on rhel01) -eq 1 && $(count_on rhel02) -eq 3 ]]
	jq -s -e 'map(select(.event == "move").memory_bytes) | . == sort' <<<"$out"
	tail -n 1 <<<"$out" | jq -e '.exit_code == 0'
}

let_in() { # LOGINS AT A TIME
	on rhel01 sh -c 'sed -i "s/^MaxStartups .*/MaxStartups $1/" /etc/ssh/sshd_config.d/lab.conf && kill -HUP "$(cat /run/sshd.pid)"' - "$1"
}

# An sshd as it is installed turns away some of those that come beside ten logins under way.
# bats test_tags=all
@test "drain: an sshd that lets in one login at a time turns none of the moves away for good" {
	start_idle rhel01 c3
	let_in 1:100:1
	out=$(on client cmigrate --json drain rhel01 --parallel 4 2>&1) || true
	let_in 1000
	echo "$out"
	tail -n 1 <<<"$out" | jq -e '.moved == 4 and .failed == 0 and .exit_code == 0'
	each_once web c1 c2 c3
	nothing_is_left
}

@test "drain: a restore that fails is undone and tried elsewhere; with no other host it is named" {
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo >>/var/tried; exit 1; }'
	out=$(on client cmigrate --json drain rhel01 --to rhel02,rhel03 --parallel 1)
	echo "$out"
	each_once web c1 c2
	[[ $(count_on rhel03) -eq 3 ]]
	# A host where one has failed is not given the others.
	[[ $(on rhel02 sh -c 'wc -l </var/tried; rm /var/tried') -eq 1 ]]
	on client cmigrate -q drain rhel03 --to rhel02 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 8 ]]
	for name in web c1 c2; do
		grep -q "'$name' undone: the restore failed" "$BATS_TEST_TMPDIR/err"
	done
	each_once web c1 c2
	[[ $(count_on rhel03) -eq 3 ]]
	nothing_is_left
}

# bats test_tags=all
@test "drain: a signal lets what runs come to its end, and begins nothing more" {
	# A restore that waits is undone by the signal.
	hold_restores rhel02 rhel03 rhel04
	on client bash -c 'cmigrate --json drain rhel01 --parallel 1 >/tmp/drain 2>/tmp/drain.err & echo $! >/tmp/drain.pid
		wait $!; echo $? >/tmp/drain.status' &
	wait_until 60 started_somewhere
	on client bash -c 'kill -TERM $(</tmp/drain.pid)'
	let_restores_go rhel02 rhel03 rhel04
	wait $!
	on client cat /tmp/drain /tmp/drain.err
	[[ $(on client cat /tmp/drain.status) -eq 8 ]]
	on client tail -n 1 /tmp/drain | jq -e '.stopped and (.not_begun | length) == 2'
	on client grep -q 'stopped by a signal' /tmp/drain.err
	each_once web c1 c2
	nothing_is_left
}

# bats test_tags=all
@test "drain: an abort from another host lets what runs come to its end, and begins nothing more" {
	hold_restores rhel02 rhel03 rhel04
	on client bash -c 'cmigrate --json drain rhel01 --parallel 1 >/tmp/drain 2>/tmp/drain.err
		echo $? >/tmp/drain.status' &
	wait_until 60 started_somewhere
	on rhel02 cmigrate abort --drain rhel01
	on client cmigrate abort --rebalance && status=0 || status=$?
	[[ $status -eq 3 ]]
	let_restores_go rhel02 rhel03 rhel04
	wait $!
	on client cat /tmp/drain /tmp/drain.err
	[[ $(on client cat /tmp/drain.status) -eq 8 ]]
	on client tail -n 1 /tmp/drain | jq -e '.stopped and .moved == 1 and (.not_begun | length) == 2'
	on client grep -q "stopped by 'cmigrate abort'" /tmp/drain.err
	each_once web c1 c2
	nothing_is_left
}

started_somewhere() {
	local host
	for host in rhel02 rhel03 rhel04; do
		! on $host test -e /var/started || return 0
	done
	return 1
}

# bats test_tags=all
@test "drain: killed in the middle, its moves go on, and a second one goes on with what is left" {
	hold_restores rhel02 rhel03 rhel04
	on client bash -c 'cmigrate -q drain rhel01 >/dev/null 2>&1 & echo $! >/tmp/drain.pid; wait' &
	first=$!
	wait_until 60 started_somewhere
	on client bash -c 'kill -KILL $(</tmp/drain.pid)'
	let_restores_go rhel02 rhel03 rhel04
	on client cmigrate --json drain rhel01 >"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
	wait $first
	each_once web c1 c2
	[[ $(count_on rhel01) -eq 0 ]]
	nothing_is_left
}

# bats test_tags=all
@test "two drains of one host at once: each container moves once, both end well" {
	start_idle rhel01 c3 c4 c5 c6 c7
	on client sh -c 'cmigrate --json drain rhel01 >/tmp/1 2>&1; echo $? >/tmp/1.status' &
	one=$!
	on rhel02 sh -c 'cmigrate --json drain rhel01 >/tmp/2 2>&1; echo $? >/tmp/2.status' &
	two=$!
	wait $one
	wait $two
	on client cat /tmp/1
	on rhel02 cat /tmp/2
	[[ $(on client cat /tmp/1.status) -eq 0 && $(on rhel02 cat /tmp/2.status) -eq 0 ]]
	moved=$(($(on client tail -n 1 /tmp/1 | jq .moved) + $(on rhel02 tail -n 1 /tmp/2 | jq .moved)))
	[[ $moved -eq 8 ]]
	[[ $(count_on rhel01) -eq 0 ]]
	each_once web c1 c2 c3 c4 c5 c6 c7
	nothing_is_left
}

@test "rebalance: a dry run changes nothing, the real one keeps the limit, a third finds nothing" {
	start_idle rhel01 c3
	before=$(running)
	out=$(on client cmigrate rebalance --by count --max-moves 10 --dry-run)
	echo "$out"
	grep -q -E '^rhel01 +4 +1 ' <<<"$out"
	[[ $(grep -c -E '^(c[1-3]|web) +rhel01 +rhel0[234]' <<<"$out") -eq 3 ]]
	[[ $(running) == "$before" ]]
	on client cmigrate rebalance --by count --max-moves 10
	for host in "${hosts[@]}"; do
		[[ $(count_on $host) -eq 1 ]]
	done
	each_once web c1 c2 c3
	nothing_is_left
	before=$(running)
	out=$(on client cmigrate --quiet rebalance --by count --max-moves 10 2>&1)
	[[ -z $out && $(running) == "$before" ]]
}

# bats test_tags=all
@test "rebalance by memory: a host is as large as it is configured, pins hold" {
	on client sh -c 'cat >/tmp/small.json' <<-END
		{"hosts": {"rhel01": {"memory": "1M"}, "rhel02": {"memory": "1M"}, "rhel03": {"memory": "1M"}, "rhel04": {"memory": "1M"}},
		 "rebalance": {"by": "memory", "threshold": 0.5, "max_moves": 2}}
	END
	start_idle rhel01 c3
	# Less than the container has, whoever asks for it.
	on client sh -c 'sed "s/1M/16K/g" /tmp/small.json >/tmp/tiny.json'
	name=$(running | awk '$2 != "rhel04" {print $1; exit}')
	run on client cmigrate -q -c /tmp/tiny.json move "$name" rhel04
	echo "$output"
	[[ $status -eq 3 && $output == *"rhel04 has "*" of what the configuration allows"* ]]
	run on client cmigrate -c /tmp/tiny.json --json check "$name"
	[[ $status -eq 3 && $output == *"of what the configuration allows"* ]]
	on rhel01 sh -c 'cd /runc/containers && jq ".annotations[\"org.cmigrate.pin\"] = \"true\"" web/config.json >/tmp/c && cat /tmp/c >web/config.json'
	out=$(on client cmigrate -c /tmp/small.json --json rebalance)
	echo "$out"
	head -n 1 <<<"$out" | jq -e '.by == "memory" and (.hosts[0].before > 0.1) and (.moves | length) == 2'
	[[ $(running | grep '^web ') == 'web rhel01' && $(count_on rhel01) -eq 2 ]]
	# Busy or not: that is a matter of the machine. What matters is that it can be asked.
	on client cmigrate --json rebalance --by pressure --dry-run | head -n 1 | jq -e '.by == "pressure" and (.hosts | length) == 4'
}

@test "a host that is off: a row in list and check, left out by drain and rebalance" {
	"$lab" crash rhel04
	out=$(on client cmigrate list 2>"$BATS_TEST_TMPDIR/err") && status=0 || status=$?
	[[ $status -eq 1 ]]
	grep -q -E '^- +rhel04 +unreachable' <<<"$out"
	[[ $(grep -c ' running ' <<<"$out") -eq 3 ]]
	out=$(on client cmigrate check c1 2>/dev/null) && status=0 || status=$?
	echo "$out"
	[[ $status -eq 3 ]]
	grep -q -E '^rhel04 +unreachable' <<<"$out"
	[[ $(grep -c -E '^rhel0[23] +ok' <<<"$out") -eq 2 ]]
	out=$(on client cmigrate rebalance --by count --max-moves 10 2>"$BATS_TEST_TMPDIR/err")
	cat "$BATS_TEST_TMPDIR/err"
	grep -q 'left out: rhel04: no answer' "$BATS_TEST_TMPDIR/err"
	for host in rhel01 rhel02 rhel03; do
		[[ $(count_on $host) -eq 1 ]]
	done
	on client cmigrate -q drain rhel01
	[[ $(count_on rhel01) -eq 0 ]]
	each_once web c1 c2
}

# bats test_tags=all
@test "a host that loses its power in the middle of a drain to it: passed over, and settled" {
	start_idle rhel01 c3 c4 c5 c6 c7
	wrap_runc rhel04 '[ -z "$restoring" ] || { echo >/var/started; sleep 10000; }'
	on client sh -c 'cmigrate --json drain rhel01 --parallel 4 >/tmp/drain 2>/tmp/drain.err; echo $? >/tmp/drain.status' &
	wait_on rhel04 60 '[[ -e /var/started ]]' || { on client cat /tmp/drain /tmp/drain.err; false; }
	"$lab" crash rhel04
	wait $!
	on client cat /tmp/drain /tmp/drain.err
	[[ $(on client cat /tmp/drain.status) -eq 8 ]]
	# What was on its way there is named; it is settled once the host is back or known to be off.
	doubtful=$(on client jq -r 'select(.event == "move" and .outcome != "moved") | .container' /tmp/drain)
	[[ -n $doubtful ]]
	"$lab" boot rhel04
	place_program
	on client cmigrate recover --all --on rhel01 >/dev/null
	each_once web c1 c2 c3 c4 c5 c6 c7
	on client cmigrate -q drain rhel01
	[[ $(count_on rhel01) -eq 0 ]]
	each_once web c1 c2 c3 c4 c5 c6 c7
	nothing_is_left
}
