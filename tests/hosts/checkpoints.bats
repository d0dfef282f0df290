#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes are for a host's shell; variables of lib
# Checkpoints of a container that goes on: complete or not there, a few of them kept, and any of them restored.

bats_require_minimum_version 1.5.0

load lib/lab
load lib/containers
load lib/faults
load lib/traffic

address=10.99.0.103
generations=/runc/containers/server/checkpoints

setup_file() {
	start_lab t-gen 600
	for host in client rhel01 rhel02; do
		on $host sh -c 'mkdir -p /etc/cmigrate; echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
	done
}

teardown_file() {
	end_lab
}

setup() {
	make_server server $address/32 8000
	start_container rhel01 server
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

# Prints how many requests the server has counted, with this one.
count() {
	on client curl -s -m "$patience" "http://$address:8000/state" | jq .count
}

# Takes one; its id.
take() { # [OPTION...]
	on rhel01 cmigrate --json checkpoint --leave-running "$@" server | jq -r 'select(.event == "summary") | .checkpoint'
}

# The ids, the newest first.
ids() {
	on rhel02 cmigrate --json list --checkpoints server | jq -r .id | xargs
}

# Nothing of a checkpoint that failed or died is left.
nothing_half_made() {
	local left
	left=$(on rhel02 find /runc/containers -name '.2*' -o -name journal -o -name 'images-*')
	left+=$(on rhel01 sh -c 'ls -A /run/cmigrate 2>/dev/null || true')
	echo "left: $left"
	[[ -z $left ]]
}

@test "the newest two of three stay; an older one is restored with what the container had counted then, and stays" {
	local a b c before
	count
	a=$(take --keep 2)
	[[ $(ids) == "$a" ]]
	before=$(count)
	b=$(take --keep 2)
	count
	c=$(take --keep 2)
	[[ $(ids) == "$c $b" ]]
	runs_only_on rhel01 server $address
	[[ $(on rhel01 stat -c %a $generations $generations/"$b") == $'700\n700' ]]
	on rhel01 ls -A $generations
	[[ $(on rhel01 ls -A $generations | wc -l) -eq 2 ]]
	run on rhel01 cmigrate --json list --checkpoints
	[[ $(jq -r 'select(.id == "'"$b"'") | [.name, .host, .bytes > 0, .criu > 0, (.kernel | length > 0)] | @csv' <<<"$output") == \
		'"server","rhel01",true,true,true' ]]
	on rhel02 cmigrate status server | grep -q checkpoint
	[[ $(count) -gt $before ]]
	# The container's host goes down, and stays so.
	"$lab" crash rhel01
	# An endpoint that is only connected to counts nothing.
	run on rhel02 cmigrate restore --fenced rhel01 --endpoint tcp://$address:8000 --at "$b" server
	echo "$output"
	[[ $status -eq 0 && $output == *"$generations/$b"* ]]
	[[ $(count) -eq $((before + 1)) ]]
	[[ $(ids) == "$c $b" ]]
	# The newest is what the next failure goes back to.
	on rhel02 cmigrate -q stop --timeout 0 server
	on rhel02 cmigrate -q restore --fenced rhel01 --endpoint tcp://$address:8000 server
	[[ $(count) -eq $((before + 2)) ]]
	[[ $(ids) == "$c $b" ]]
	"$lab" boot rhel01
	place_program
}

@test "a checkpoint that is killed, or fails, leaves the earlier ones, and nothing of its own" {
	local a fault
	a=$(take)
	for fault in prepare:after freeze:after dump:after go-on:after keep:before; do
		on rhel01 env CMIGRATE_FAULT=$fault cmigrate -q checkpoint --leave-running --keep 1 server || [[ $? -eq 137 ]]
		[[ $(ids) == "$a" ]]
		on rhel02 cmigrate recover server
		runs_only_on rhel01 server $address
		count
		nothing_half_made
		[[ $(ids) == "$a" ]]
	done
	# From the rename on it is there, and an older one may be too.
	on rhel01 env CMIGRATE_FAULT=keep:after cmigrate -q checkpoint --leave-running --keep 1 server || [[ $? -eq 137 ]]
	[[ $(ids) == *" $a" ]]
	run on rhel01 cmigrate recover server
	echo "$output"
	[[ $status -eq 0 && $output == *"its checkpoint is '$generations/$(ids)'"* ]]
	nothing_half_made
	a=$(ids)
	wrap_runc rhel01 '[ "$1" != checkpoint ] || { echo "no such luck" >&2; exit 1; }'
	run on rhel01 cmigrate --quiet checkpoint --leave-running --keep 1 server
	[[ $status -eq 4 && $output == *"it runs on rhel01 as before" ]]
	[[ $(ids) == "$a" ]]
	nothing_half_made
	unwrap rhel01
	# The disk is full in the middle of the dump.
	on rhel01 sh -c "cp -a $generations /tmp/kept && mount -t tmpfs -o size=\$((\$(du -sk /tmp/kept | cut -f 1) + 500))k full $generations &&
		cp -a /tmp/kept/. $generations"
	run on rhel01 cmigrate --quiet checkpoint --leave-running --keep 1 --skip-check space server
	echo "$output"
	[[ $status -eq 4 && $output == *"it runs on rhel01 as before" ]]
	[[ $(on rhel01 ls -A $generations) == "$a" ]]
	on rhel01 umount -l $generations
	runs_only_on rhel01 server $address
	[[ $(ids) == "$a" ]]
}

# bats test_tags=all
@test "its host is lost during a checkpoint: recover says so, and the earlier one is restored" {
	local a before
	before=$(count)
	a=$(take)
	on client env CMIGRATE_FAULT=keep:before cmigrate -q checkpoint --leave-running --on rhel01 server || [[ $? -eq 137 ]]
	"$lab" crash rhel01
	run on rhel02 cmigrate recover --fenced rhel01 server
	echo "$output"
	[[ $status -eq 9 && $output == *'during a checkpoint'* ]]
	[[ $(ids) == "$a" && $(on rhel02 ls -A $generations) == "$a" ]]
	on rhel02 cmigrate -q restore --fenced rhel01 --endpoint tcp://$address:8000 server
	[[ $(count) -eq $((before + 1)) ]]
	"$lab" boot rhel01
	place_program
}

# bats test_tags=all
@test "a client keeps its connection during checkpoints; after the loss of the host the old connection is closed" {
	local report value
	remove_containers rhel01 rhel02
	make_redis server $address/32
	start_container rhel01 server
	start_client kept incrementer $address 6379 counter "$patience" 0.01
	take --keep 2
	take --keep 2
	take --keep 2
	report=$(end_client kept)
	echo "$report"
	[[ $(jq -r .fault <<<"$report") == null ]]
	value=$(on client redis-cli -h $address get counter)
	[[ $value == "$(jq .replies <<<"$report")" ]]
	# Another one waits for a reply that will never come.
	start_client lost incrementer $address 6379 other "$patience" 0.01
	take --keep 2
	"$lab" crash rhel01
	on rhel02 cmigrate -q restore --fenced rhel01 server
	[[ $(on client redis-cli -h $address get counter) == "$value" ]]
	report=$(end_client lost)
	echo "$report"
	[[ $(jq -r .fault <<<"$report") == *reset* ]]
	[[ $(on client redis-cli -h $address get other) -le $(jq .replies <<<"$report") ]]
	"$lab" boot rhel01
	place_program
}

# The commands of the unit, as systemd runs them: the second if the first succeeds.
unit_on() { # HOST
	local unit=$BATS_TEST_DIRNAME/../../examples/systemd/cmigrate-checkpoint@.service condition start
	condition=$(sed -n 's/^ExecCondition=[^ ]* //p' "$unit")
	start=$(sed -n 's/^ExecStart=[^ ]* //p' "$unit" | sed "s/%H/$1/")
	# shellcheck disable=SC2086 # the words of the unit
	on "$1" cmigrate ${condition//%i/server} || return 10
	# shellcheck disable=SC2086 # the words of the unit
	on "$1" cmigrate ${start//%i/server}
}

# bats test_tags=all
@test "the timer of examples: the host that has the container takes one, three stay; the crontab's line does the same" {
	local line
	run -10 unit_on rhel02
	[[ -z $(ids) ]]
	for _ in 1 2 3 4; do
		unit_on rhel01
	done
	[[ $(ids | wc -w) -eq 3 ]]
	line=$(sed -n 's/^.* root  \(.*--leave-running.*\)$/\1/p' "$BATS_TEST_DIRNAME/../../examples/cron/cmigrate")
	newest=$(ids | cut -d ' ' -f 1)
	on rhel02 sh -c "${line//rhel7-httpd/server}"
	[[ $(ids) == "$newest "* ]]
	on rhel01 sh -c "${line//rhel7-httpd/server}"
	[[ $(ids) == *"$newest"* && $(ids) != "$newest "* && $(ids | wc -w) -eq 3 ]]
}

@test "what can't be restored is refused before anything is touched" {
	local a b
	a=$(take)
	b=$(take)
	# A checkpoint that ends the container is newer than they are.
	on rhel01 cmigrate -q checkpoint server
	run on rhel01 cmigrate restore server
	[[ $status -eq 0 && $output == *"'/runc/containers/server/checkpoint'" && $(ids) == "$b $a" ]]
	on rhel01 cmigrate -q stop --timeout 0 server
	on rhel02 sh -c 'truncate -s -1 '"$generations/$b"'/pages-1.img'
	run on rhel02 cmigrate restore server
	echo "$output"
	[[ $status -eq 3 && $output == *"checkpoint '$b' is damaged"*'--at'* ]]
	run on rhel02 cmigrate restore --at 20260101T000000-00000000 server
	[[ $status -eq 3 && $output == *"has no checkpoint '20260101T000000-00000000'"* ]]
	run on rhel02 cmigrate restore --at "$a" --tcp-established server
	[[ $status -eq 3 && $output == *'leave --tcp-established out'* ]]
	on rhel02 sed -i 's/"criu":40/"criu":50/' "$generations/$a/generation.json"
	run on rhel02 cmigrate restore --at "$a" server
	echo "$output"
	[[ $status -eq 3 && $output == *'is of criu 5.'*'name another host with --on'* ]]
	[[ -z $(state_of rhel02 server) ]]
	nothing_half_made
}
