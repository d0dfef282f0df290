#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# list, status and check over all hosts, drain and rebalance, against stubs (tests/cli/stubs).

bats_require_minimum_version 1.5.0

load lib/stubs

setup() {
	set_up_stubs
	mkdir stub/hostc
}

three_hosts() {
	echo '{"hosts": {"hosta": {}, "hostb": {}, "hostc": {}}, "bundle_root": "'"$STUB_ROOT"'"}' >cmigrate.json
}

drains() { # OPTIONS...
	runs drain --skip-check "$skips" "$@" hosta
}

rebalances() { # OPTIONS...
	runs rebalance --skip-check "$skips" "$@"
}

web_is_on() { # HOST
	for host in hosta hostb hostc; do
		if [ "$host" = "$1" ]; then
			[ "$(cat stub/$host/state)" = running ]
		else
			[ ! -e stub/$host/state ]
		fi
	done
	# Nothing but its record of past moves, if there are any.
	[ -z "$(find root/web -mindepth 1 ! -name config.json ! -name .cmigrate ! -name history)" ]
}

# bats test_tags=all
@test "list: one connection and one question to each host, whatever it has" {
	three_hosts
	echo 'one two three' >stub/hostb/others
	runs list --verbose
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 5 ]
	[ "$(grep -c '\] + list' <<<"$stderr")" -eq 3 ]
	[ "$(grep -c -x -e -- stub/ssh-words)" -eq 3 ]
}

@test "every field that list, status and check print is in the manual" {
	three_hosts
	sed -n '/^\.Sh JSON/,/^\.Sh/p' "$top/man/cmigrate.1" >described
	for words in 'list' 'status web' 'check web hostb' 'check web'; do
		# shellcheck disable=SC2086 # words
		runs --json $words
		fields=$(jq -r '[paths | .[-1] | strings] | unique[]' <<<"$output" | sort -u)
		[ -n "$fields" ]
		for field in $fields; do
			grep -q -w -e "$field" described || { echo "$words: $field"; return 1; }
		done
	done
}

# bats test_tags=all
@test "list, status, check: a host that is off has a row of its own and changes the exit code" {
	three_hosts
	: >stub/off-hostc
	runs list
	[ "$status" -eq 1 ]
	grep -E '^- +hostc +unreachable' <<<"$output"
	grep -E '^web +hosta +running' <<<"$output"
	runs status web
	[ "$status" -eq 1 ]
	[[ $output == 'web: running on hosta'* ]]
	grep -x '  unreachable hostc' <<<"$output"
	[[ $stderr == *'hostc: no answer: ssh: connect to host hostc port 22: No route to host'* ]]
	runs check --skip-check "$skips" web
	[ "$status" -eq 3 ]
	grep -E '^hostb +ok' <<<"$output"
	grep -E '^hostc +unreachable +hostc: no answer' <<<"$output"
	[[ $stderr == *"1 of 2 hosts would take 'web'"* ]]
}

# bats test_tags=all
@test "check without a destination: every other host, the source asked once, nothing left" {
	three_hosts
	runs check --json --verbose --skip-check "$skips" web
	[ "$status" -eq 0 ]
	[ "$(jq -c '[.container, .source, .host, .result]' <<<"$output" | tr '\n' ' ')" = \
		'["web","hosta","hostb","ok"] ["web","hosta","hostc","ok"] ' ]
	[ "$(grep -c '^\[hosta\] + facts .* role=source' <<<"$stderr")" -eq 1 ]
	web_is_on hosta
	echo running >stub/hostc/state
	runs check --from hosta --skip-check "$skips" web
	[ "$status" -eq 3 ]
	grep -E '^hostb +ok' <<<"$output"
	grep -E "^hostc +refused +check 'name': " <<<"$output"
	echo '{"hosts": {"hosta": {}}, "bundle_root": "'"$STUB_ROOT"'"}' >cmigrate.json
	refuses 2 'no other host' "$cmigrate" check web
}

# bats test_tags=all
@test "a drain moves everything, and a second one finds nothing" {
	drains
	[ "$status" -eq 0 ]
	[[ $output == *'drained hosta: 1 moved in '* ]]
	grep -E '^web +hosta +hostb +[^ ]+ +moved' <<<"$output"
	web_is_on hostb
	drains
	[ "$status" -eq 0 ]
	[[ $output == 'drained hosta: 0 moved in '* ]]
	runs drain --quiet hosta
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "drain --json: an object for each move, and a summary" {
	drains --json
	[ "$status" -eq 0 ]
	[ "$(jq -r .event <<<"$output" | tr '\n' ' ')" = 'move summary ' ]
	head -n 1 <<<"$output" | jq -e '.container == "web" and .source == "hosta" and .destination == "hostb" and
		.outcome == "moved" and .exit_code == 0 and .freeze_ms > 0 and .total_ms > 0 and .error == null'
	tail -n 1 <<<"$output" | jq -e '.command == "drain" and .host == "hosta" and .moved == 1 and .failed == 0 and
		.left == [] and .pinned == [] and .busy == [] and .stopped == false and .exit_code == 0'
}

# bats test_tags=all
@test "drain --verbose: each command of each move, with container and host" {
	drains --verbose
	[ "$status" -eq 0 ]
	grep -x 'note: web: \[hosta\] + freeze container=web' <<<"$stderr"
	grep -F '[here] + cmigrate move --from hosta web hostb' <<<"$stderr"
}

# bats test_tags=all
@test "a drain whose move fails names it: exit code 8" {
	: >stub/hostb/restore-fails
	drains
	[ "$status" -eq 8 ]
	grep -E '^web +hosta +hostb .*undone' <<<"$output"
	[[ $stderr == *"hosta is not drained: 0 moved; 'web' (undone)"* ]]
	web_is_on hosta
	# --quiet hides only what went well.
	drains --quiet
	[ "$status" -eq 8 ]
	[ -z "$output" ]
	[[ $stderr == *"'web' undone: "*'the restore failed'* ]]
}

# bats test_tags=all
@test "a host that refuses is passed over, for the next one" {
	three_hosts
	# hostb, which would be the first choice, has a container of that name already.
	echo stopped >stub/hostb/state
	drains
	[ "$status" -eq 0 ]
	[ "$(cat stub/hostc/state)" = running ]
	[ ! -e stub/hosta/state ]
}

@test "no host takes it: refused, with the reason of the last one" {
	echo stopped >stub/hostb/state
	drains
	[ "$status" -eq 8 ]
	[[ $output == *"check 'name'"* ]]
	[[ $stderr == *"'web' (refused)"* ]]
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "drain --dry-run: shows the plan and the containers that would stay; nothing moves" {
	three_hosts
	drains --dry-run
	[ "$status" -eq 0 ]
	grep -E '^web +hosta +host[bc] ' <<<"$output"
	web_is_on hosta
	drains --dry-run --json
	[ "$(jq -r '[.event, .command, .host, .moves[0].container, .moves[0].error] | join(" ")' <<<"$output")" = 'plan drain hosta web ' ]
	echo running >stub/hostb/state
	drains --dry-run --to hostb
	[ "$status" -eq 8 ]
	grep -E "^web +hosta +- .*check 'name'" <<<"$output"
	[[ $stderr == *'1 of 1 would stay on hosta'* ]]
}

# bats test_tags=all
@test "drain passes --skip-check on to its moves" {
	three_hosts
	echo running >stub/hostb/state
	drains --dry-run --to hostb
	[ "$status" -eq 8 ]
	drains --dry-run --to hostb --skip-check name
	[ "$status" -eq 0 ]
}

# bats test_tags=all
@test "--to and --exclude" {
	three_hosts
	drains --to hostc
	[ "$status" -eq 0 ]
	web_is_on hostc
	runs drain --skip-check "$skips" --exclude db,web hostc
	[ "$status" -eq 0 ]
	[[ $stderr == *"note: --exclude: no host has a container 'db'"* ]]
	web_is_on hostc
}

# bats test_tags=all
@test "a pinned container stays and is named, unless --include-pinned is given" {
	bundle '{"org.cmigrate.pin": "true"}'
	drains --json
	[ "$status" -eq 8 ]
	[ "$(jq -c '[.moved, .pinned, .left]' <<<"$output")" = '[0,["web"],["web"]]' ]
	[[ $stderr == *"'web' (pinned)"* ]]
	web_is_on hosta
	bundle '{"org.cmigrate.pin": "false"}'
	drains --to hostb
	[ "$status" -eq 0 ]
	bundle '{"org.cmigrate.pin": "true"}'
	runs drain --skip-check "$skips" --include-pinned hostb
	[ "$status" -eq 0 ]
	web_is_on hosta
}

# bats test_tags=all
@test "an interrupted move is not touched: named, exit code 8" {
	CMIGRATE_FAULT=hold:after runs move --skip-check "$skips" web hostb
	[ "$status" -eq 137 ]
	drains
	[ "$status" -eq 8 ]
	grep -E '^web .* pending ' <<<"$output"
	[[ $output == *"'cmigrate recover web' settles it"* ]]
	runs recover web
	drains
	[ "$status" -eq 0 ]
	web_is_on hostb
}

# bats test_tags=all
@test "a move whose process is killed is a failure that names the way out" {
	CMIGRATE_FAULT=dump:after drains
	[ "$status" -eq 8 ]
	[[ $output == *"'cmigrate recover web' settles what it left"* ]]
	runs recover web
	web_is_on hosta
}

# bats test_tags=all
@test "a drain of a host that is off is refused; other hosts that are off are left out" {
	three_hosts
	: >stub/off-hosta
	refuses 3 'hosta: no answer' "$cmigrate" drain hosta
	rm stub/off-hosta
	: >stub/off-hostb
	drains
	[ "$status" -eq 0 ]
	[[ $stderr == *'left out: hostb: no answer'* ]]
	web_is_on hostc
}

# bats test_tags=all
@test "rebalance: the plan avoids the moves that the checks refuse, and is carried out" {
	# Three on hosta, none on hostb; two of them have no bundle.
	echo 'db cache' >stub/hosta/others
	rebalances --by count --dry-run
	[ "$status" -eq 0 ]
	grep -E '^web +hosta +hostb' <<<"$output"
	grep -E '^HOST +BEFORE +AFTER +LIMIT$' <<<"$output"
	grep -E '^hosta +3 +2 +2$' <<<"$output"
	[[ $stderr == *"'cache' to hostb: "*'has no readable'* ]]
	web_is_on hosta
	rebalances --by count
	[ "$status" -eq 0 ]
	[[ $output == *'rebalanced: 1 of 1 moved in '* ]]
	web_is_on hostb
	rebalances --by count
	[ "$status" -eq 0 ]
	[[ $output == *'nothing to do: no host is above the limit'* ]]
}

# bats test_tags=all
@test "rebalance --json: a plan, an object for each move, a summary" {
	echo 'db cache' >stub/hosta/others
	rebalances --by count --json
	[ "$status" -eq 0 ]
	[ "$(jq -r .event <<<"$output" | tr '\n' ' ')" = 'plan move summary ' ]
	head -n 1 <<<"$output" | jq -e '.by == "count" and .mean == 1.5 and .limit == 2 and .above == 0 and
		.hosts == [{"host":"hosta","before":3,"after":2,"containers":3},{"host":"hostb","before":0,"after":1,"containers":0}] and
		(.moves | length) == 1 and .moves[0].container == "web"'
	tail -n 1 <<<"$output" | jq -e '.command == "rebalance" and .moved == 1 and .failed == 0 and .exit_code == 0'
}

# bats test_tags=all
@test "rebalance --quiet: prints nothing if there is nothing to do or all went well" {
	rebalances --quiet
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	echo 'db cache' >stub/hosta/others
	rebalances --quiet --by count
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	web_is_on hostb
}

# bats test_tags=all
@test "rebalance: a move that fails is exit code 8, also with --quiet" {
	echo 'db cache' >stub/hosta/others
	: >stub/hostb/restore-fails
	rebalances --quiet --by count
	[ "$status" -eq 8 ]
	[ -z "$output" ]
	[[ $stderr == *"'web' undone"* ]]
	web_is_on hosta
}

# bats test_tags=all
@test "rebalance: the checks refuse every move that would help: exit code 8" {
	echo 'db cache' >stub/hosta/others
	echo stopped >stub/hostb/state
	rebalances --quiet --by count
	[ "$status" -eq 8 ]
	[ -z "$output" ]
	[[ $stderr == *'1 host stays above the limit, the checks refuse every move; '*"hostb"* ]]
	[ "$(cat stub/hosta/state)" = running ]
	rebalances --by count --json
	[ "$status" -eq 8 ]
	tail -n 1 <<<"$output" | jq -e '.event == "summary" and .moved == 0 and .exit_code == 8'
	head -n 1 <<<"$output" | jq -e '.event == "plan" and (.passed_over | length) == 3'
}

# bats test_tags=all
@test "rebalance: a container that another cmigrate holds is left to it, and is no failure" {
	echo 'db cache' >stub/hosta/others
	for name in db cache; do
		mkdir -p root/$name
		sed 's/"annotations": {}/"annotations": {"org.cmigrate.pin": "true"}/' root/web/config.json >root/$name/config.json
	done
	CMIGRATE_FAULT=hold:after runs move --skip-check "$skips" web hostb
	[ "$status" -eq 137 ]
	# The process that held the lock for the killed one removes the file.
	wait_until 10 test ! -e root/web/.cmigrate/lock
	exec 8>root/web/.cmigrate/lock
	flock 8
	rebalances --by count --json
	exec 8>&-
	[ "$status" -eq 0 ]
	tail -n 1 <<<"$output" | jq -e '.busy == ["web"] and .exit_code == 0'
}

# bats test_tags=all
@test "rebalance: a pinned container stays, options win over the configuration, hosts may be off" {
	echo 'db cache' >stub/hosta/others
	bundle '{"org.cmigrate.pin": "true"}'
	rebalances --by count --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *'1 host stays above the limit: nothing else that may be moved fits elsewhere'* ]]
	bundle '{}'
	echo '{"hosts": {"hosta": {}, "hostb": {}}, "bundle_root": "'"$STUB_ROOT"'", "rebalance": {"by": "count", "threshold": 2}}' >cmigrate.json
	rebalances --dry-run
	[[ $output == *'nothing to do'* ]]
	rebalances --dry-run --threshold 10%
	grep -E '^web +hosta +hostb' <<<"$output"
	: >stub/off-hostb
	refuses 3 'fewer than two hosts answer: hostb: no answer' "$cmigrate" rebalance
}
