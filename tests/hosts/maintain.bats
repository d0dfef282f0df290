#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2046,SC2154 # variables of lib; single quotes: for a host's shell; words
# Maintenance of hosts, on five of them: cordon, return, a host that goes down, and rules about places.

bats_require_minimum_version 1.5.0

load lib/lab
load lib/containers
load lib/faults

hosts=(rhel01 rhel02 rhel03 rhel04 rhel05)

setup_file() {
	start_lab t-keep 600 5
	for host in rhel01 rhel02 client; do
		on $host sh -c 'mkdir -p /etc/cmigrate && cat >/etc/cmigrate/config.json' <<-END
			{"hosts": {"rhel01": {}, "rhel02": {}, "rhel03": {}, "rhel04": {}, "rhel05": {}},
				"ssh": {"options": ["-o", "ConnectTimeout=3"]}}
		END
	done
}

teardown_file() {
	end_lab
}

teardown() {
	on client cmigrate -q uncordon rhel01
	on client cmigrate -q uncordon rhel02
	remove_containers "${hosts[@]}"
}

# Containers that do next to nothing.
make_idle() { # NAME [FLAG...]
	local flags
	flag_args tail -f /dev/null
	on rhel01 cmigrate -q generate "$1" "${flags[@]}" --rootfs /runc/rootfs --read-only "${@:2}"
}

start_on() { # HOST NAME...
	on "$1" bash -c 'for name in "$@"; do
		runc run -d --bundle "/runc/containers/$name" "$name" </dev/null >/dev/null 2>&1
	done' - "${@:2}"
}

where_is() { # NAME
	on client cmigrate --json list | jq -r --arg name "$1" 'select(.name == $name and .state == "running").host'
}

marks() {
	on rhel03 find /runc/containers -maxdepth 2 -path '*/containers/.cmigrate/*'
}

@test "cordon: whoever moves anything there is refused, what left comes back, and nothing is left of it" {
	make_idle c1
	make_idle c2
	make_idle c3
	start_on rhel01 c1 c2
	start_on rhel02 c3
	on client cmigrate -q drain rhel01 --cordon --reason 'new disk'
	[[ $(where_is c1) != rhel01 && $(where_is c2) != rhel01 ]]
	# Another controller: by hand, by a drain, as a restore.
	run on rhel02 cmigrate move c3 rhel01
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"check 'cordon': rhel01 is cordoned since 20"*' by root@client: new disk; '*'--force'* ]]
	run on rhel02 cmigrate --json drain rhel02 --to rhel01
	[ "$status" -eq 8 ]
	[[ $output == *'rhel01 is cordoned since'* ]]
	on rhel02 cmigrate -q checkpoint c3
	run on rhel01 cmigrate restore c3
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"check 'cordon': rhel01 is cordoned"* ]]
	on rhel01 cmigrate -q restore --force c3
	run on rhel02 cmigrate list
	[[ $output == *'rhel01 is cordoned since '*' by root@client: new disk'* ]]
	run on rhel02 cmigrate status c3
	[[ $output == *'  cordon    rhel01 is cordoned since '* ]]
	# One that was moved on meanwhile stays where it is now.
	to=rhel05
	[[ $(where_is c2) != rhel05 ]] || to=rhel04
	on client cmigrate -q move c2 $to
	out=$(on rhel02 cmigrate --json uncordon rhel01 --return)
	echo "$out"
	tail -n 1 <<<"$out" | jq -e '.returned == 1 and .failed == 0 and .left_alone == ["c2"] and .exit_code == 0'
	[[ $(where_is c1) == rhel01 && $(where_is c2) == "$to" ]]
	[[ -z $(marks) ]]
	on client cmigrate -q move c2 rhel01
	run on client cmigrate uncordon rhel01
	[[ $output == 'rhel01 is not cordoned' ]]
}

# Its checks saw no mark: the drain waits for it, and moves the container on.
# bats test_tags=all
@test "cordon: a move there that was under way before the mark leaves nothing behind" {
	make_idle c1
	start_on rhel02 c1
	hold_restores rhel01
	on rhel02 sh -c 'cmigrate -q move c1 rhel01 >/dev/null 2>&1 &'
	wait_until 20 on rhel01 test -e /var/started
	on client sh -c 'cmigrate --json drain rhel01 --cordon >/tmp/drained 2>&1 &'
	wait_until 20 on rhel01 test -e /runc/containers/.cmigrate/cordon-rhel01
	let_restores_go rhel01
	wait_until 60 on client grep -q '"event":"summary"' /tmp/drained
	tail=$(on client tail -n 1 /tmp/drained)
	echo "$tail"
	jq -e '.moved == 1 and .left == [] and .exit_code == 0' <<<"$tail"
	[[ $(where_is c1) =~ ^rhel0[2-5]$ ]]
}

# The controller dies while its moves are under way: the mark and what it noted stay.
# bats test_tags=all
@test "cordon: a drain that is killed has noted what left, and a second one continues" {
	make_idle c1
	make_idle c2
	make_idle c3
	start_on rhel01 c1 c2 c3
	wrap_runc rhel01 'case " $* " in *" checkpoint "*) echo >>/var/begun; while [ ! -e /var/go ]; do sleep 0.05; done ;; esac'
	on client sh -c 'cmigrate -q drain rhel01 --cordon --parallel 2 >/dev/null 2>&1 & echo $! >/tmp/pid'
	wait_until 20 on rhel01 sh -c '[ "$(wc -l </var/begun)" -eq 2 ]'
	on client sh -c 'kill -KILL "$(cat /tmp/pid)"'
	[[ $(on rhel01 sh -c 'grep -c moved /runc/containers/.cmigrate/cordon-rhel01') -eq 2 ]]
	on rhel01 touch /var/go
	wait_until 40 sh -c '[ "$("$1" exec client cmigrate --json list | jq -r "select(.host == \"rhel01\" and .name).name" | wc -l)" -eq 1 ]' - "$lab"
	unwrap rhel01
	on rhel02 cmigrate -q drain rhel01
	out=$(on rhel02 cmigrate --json uncordon rhel01 --return --parallel 3)
	tail -n 1 <<<"$out" | jq -e '.returned == 3 and .exit_code == 0'
	[[ -z $(marks) ]]
}

@test "a host that goes down: what can be moved in time is moved, the rest is checkpointed, and resumed later" {
	make_idle quick
	make_idle slow
	make_idle pinned --pin
	start_on rhel01 quick slow pinned
	# Its last move took two minutes, by its record.
	on client cmigrate -q move slow rhel02
	on client cmigrate -q move slow rhel01
	on rhel01 sh -c 'sed -i "s/\"total_ms\": *[0-9.]*/\"total_ms\":120000.0/" /runc/containers/slow/.cmigrate/history'
	begin=$(date +%s)
	out=$(on rhel01 cmigrate --json drain rhel01 --cordon --within 60s --fallback checkpoint)
	[[ $(($(date +%s) - begin)) -le 60 ]]
	echo "$out"
	tail -n 1 <<<"$out" | jq -e '.moved == 1 and (.fell_back | sort) == ["pinned", "slow"] and .left == [] and .cordoned and .exit_code == 0'
	[[ $(where_is quick) != rhel01 && -z $(where_is slow) ]]
	[[ $(on rhel03 sh -c 'ls -d /runc/containers/*/checkpoint | wc -l') -eq 2 ]]
	out=$(on rhel01 cmigrate --json uncordon rhel01 --return) || true
	echo "$out"
	[[ $(jq -r 'select(.event == "move") | .container + " " + .outcome' <<<"$out" | sort | paste -sd,) == \
		'pinned restored,quick moved,slow restored' ]]
	[[ $(where_is quick) == rhel01 && $(where_is slow) == rhel01 && -z $(marks) ]]
}

# bats test_tags=all
@test "a host that goes down: what was stopped is started again, and what is left is named" {
	make_idle c1 --pin
	make_idle c2
	start_on rhel01 c1 c2
	run --separate-stderr on client cmigrate drain rhel01 --within 1s
	[ "$status" -eq 8 ]
	[[ $stderr == *"'c1' (pinned), 'c2' (late)"* ]]
	# Both ignore SIGTERM, and are killed in time.
	out=$(on client cmigrate --json drain rhel01 --cordon --within "$((8 * ${TEST_SLOWNESS:-1}))s" --fallback stop)
	echo "$out"
	tail -n 1 <<<"$out" | jq -e --arg slowness "${TEST_SLOWNESS:-1}" '
		.left == [] and (.fell_back | length) + .moved == 2 and .exit_code == 0
		and .total_ms < 9000 * ($slowness | tonumber)'
	on client cmigrate -q uncordon rhel01 --return
	[[ $(where_is c1) == rhel01 && $(where_is c2) == rhel01 ]]
}

@test "rules about places: a drain obeys them and names the one that decided, a move is refused" {
	make_idle a1 --group web
	make_idle a2 --group web:spread
	make_idle b1 --group db:together
	make_idle b2 --group db:together
	make_idle h1 --label org.cmigrate.hosts=rhel01,rhel04
	start_on rhel01 a1 b1 b2 h1
	start_on rhel05 a2
	plan=$(on client cmigrate --json drain rhel01 --dry-run)
	echo "$plan"
	jq -s -e '.[-1].moves | map(select(.container == "h1"))[0] | .destination == "rhel04" and .rule == "hosts"' <<<"$plan"
	jq -s -e '.[-1].moves | all(.rule | . == "memory" or . == "containers" or . == "hosts" or . == "spread" or . == "together")' <<<"$plan"
	on client cmigrate -q drain rhel01 --parallel 4
	[[ $(where_is h1) == rhel04 ]]
	[[ $(where_is a1) =~ ^rhel0[2-4]$ ]]
	[[ $(where_is b1) == "$(where_is b2)" && $(where_is b1) != rhel01 ]]
	run on client cmigrate move a1 rhel05
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *"check 'group': 'a2' is on rhel05, and group 'web' is to be spread; "*'--force'* ]]
	run on client cmigrate move h1 rhel02
	[ "$status" -eq 3 ]
	[[ $output == *"check 'hosts': 'h1' may not be on rhel02: org.cmigrate.hosts is 'rhel01,rhel04'"* ]]
	on client cmigrate -q move --skip-check group b1 rhel01
	on client cmigrate -q move b2 rhel01
	on client cmigrate -q move --force h1 rhel02
	# Whatever was moved lately stays, by the configuration.
	on client sh -c 'jq -c ". * {rebalance: {by: \"count\", threshold: 0, cooldown: 3600}}" /etc/cmigrate/config.json >/tmp/cool.json'
	make_idle c1
	start_on rhel01 c1
	out=$(on client cmigrate --json --config /tmp/cool.json rebalance --max-moves 1)
	echo "$out"
	jq -s -e '.[0].moves | length == 1 and .[0].container == "c1" and .[0].rule == "count"' <<<"$out"
	out=$(on client cmigrate --json --config /tmp/cool.json rebalance --dry-run)
	jq -e '.passed_over | all(contains("rebalance.cooldown is 3600 s"))' <<<"$out"
}

# A move of a1 on rhel01 that stops itself at a point.
move_stops() { # POINT DEST
	on rhel01 bash -c 'rm -f /var/pid /var/status
		CMIGRATE_PAUSE=$1 setsid cmigrate move a1 "$2" >/var/first 2>&1 </dev/null &
		echo $! >/var/pid
		wait $!
		echo $? >/var/status' - "$@" >/dev/null 2>&1 3>&- &
	wait_on rhel01 30 'test -s /var/pid'
	wait_paused rhel01
}

goes_on_to() { # DEST
	on rhel01 bash -c 'kill -CONT "$(</var/pid)"'
	wait_on rhel01 60 'test -s /var/status'
	[[ $(on rhel01 cat /var/status) -eq 0 && $(where_is a1) == "$1" ]]
}

@test "two moves at once don't bring two that are to be spread to one host" {
	make_idle a1 --group web
	make_idle a2 --group web
	start_on rhel01 a1
	start_on rhel02 a2
	# The first has made its checks, and its journal is not there yet: the second waits for it.
	move_stops begin:before rhel03
	on rhel02 sh -c 'cmigrate --verbose move a2 rhel03 >/var/second 2>&1; echo $? >/var/status' 3>&- &
	wait_on rhel02 30 'test "$(grep -c "lock .*batch=group-web" /var/second)" -ge 2'
	goes_on_to rhel03
	wait_on rhel02 60 'test -s /var/status'
	on rhel02 cat /var/second
	[[ $(on rhel02 cat /var/status) -eq 3 && $(where_is a2) == rhel02 ]]
	[[ $(on rhel02 cat /var/second) == *"check 'group': "*"'a1'"* ]]
	# Its journal says where it goes: a drain by another controller finds another host.
	move_stops hold:before rhel04
	on rhel02 cmigrate -q drain rhel02 --to rhel04,rhel05
	goes_on_to rhel04
	[[ $(where_is a2) == rhel05 ]]
	[[ -z $(on rhel01 find /runc/containers -maxdepth 1 -name '.cmigrate-group*') ]]
}

# The commands of the unit, on hosts that have its name.
# bats test_tags=all
@test "the service of examples: its commands drain a host before it goes down, and fill it after its boot" {
	unit=$BATS_TEST_DIRNAME/../../examples/systemd/cmigrate-drain.service
	make_idle c1
	start_on rhel01 c1
	stop=$(sed -n 's/^ExecStop=[^ ]* //p' "$unit")
	start=$(sed -n 's/^ExecStart=-[^ ]* //p' "$unit")
	# shellcheck disable=SC2086 # the words of the unit
	on rhel01 cmigrate ${stop//%H/rhel01}
	[[ $(where_is c1) =~ ^rhel0[2-5]$ ]]
	# shellcheck disable=SC2086 # the words of the unit
	on rhel01 cmigrate ${start//%H/rhel01}
	[[ $(where_is c1) == rhel01 ]]
}
