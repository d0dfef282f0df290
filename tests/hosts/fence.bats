#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# A host that never answers again is fenced, by word or by the hook; logs are kept where asked for.

load lib/lab
load lib/containers
load lib/snapshot

address=10.99.0.100

setup_file() {
	start_lab t-fence 600
}

teardown_file() {
	end_lab
}

setup() {
	make_web web $address/32
	start_container rhel01 web
}

teardown() {
	"$lab" boot rhel02 3>&- || true
	remove_containers rhel01 rhel02
}

# The destination loses its power while its copy may run.
crash_destination() {
	run on rhel01 env CMIGRATE_FAULT=restore:after cmigrate -q move web rhel02
	[ "$status" -eq 137 ]
	"$lab" crash rhel02
}

@test "a host that does not answer leaves the move in doubt until it is fenced" {
	crash_destination
	run on rhel01 cmigrate recover web
	echo "$output"
	[ "$status" -eq 6 ]
	[[ $output == *"--fenced"*"rhel02: no answer"* ]]
	on rhel01 cmigrate recover web --fenced rhel02
	[[ $(on rhel01 curl -s -m $patience http://rhel0x/) == rhel01 ]]
	[[ $(on rhel01 ls -A /runc/containers/web/.cmigrate) == history ]]
}

@test "the hook fences a host by its name, and its failure leaves the doubt" {
	on rhel01 sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}},
		\"hooks\": {\"fence\": [\"sh\", \"-c\", \"test -e /tmp/works && echo \$1 >/tmp/fenced\", \"sh\", \"power {host}\"]}}" >/tmp/config.json'
	crash_destination
	run on rhel01 cmigrate -c /tmp/config.json recover web
	[ "$status" -eq 6 ]
	on rhel01 touch /tmp/works
	on rhel01 cmigrate -c /tmp/config.json recover web
	[[ $(on rhel01 cat /tmp/fenced) == "power rhel02" ]]
	[[ $(on rhel01 curl -s -m $patience http://rhel0x/) == rhel01 ]]
	on rhel01 rm -f /tmp/works /tmp/fenced /tmp/config.json
}

@test "--keep-logs: the logs of both hosts are in the bundle, and a message says where" {
	run on rhel01 cmigrate move web rhel02 --keep-logs --endpoint http://rhel0x:81/ --timeout 1
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"/runc/containers/web/.cmigrate/logs-"* ]]
	on rhel01 sh -c 'cd /runc/containers/web/.cmigrate/logs-* && [ -s rhel01.dump.log ] && [ -s rhel02.restore.log ]'
	on rhel01 sh -c 'rm -rf /runc/containers/web/.cmigrate'
}

@test "hooks: pre_move may refuse, post_move hears of the outcome" {
	on rhel01 sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}},
		\"hooks\": {\"pre_move\": [\"test\", \"!\", \"-e\", \"/tmp/no\"],
			\"post_move\": [\"sh\", \"-c\", \"env | grep ^CMIGRATE_ | sort >/tmp/heard\"]}}" >/tmp/config.json'
	on rhel01 touch /tmp/no
	run on rhel01 cmigrate -q -c /tmp/config.json move web rhel02
	echo "$output"
	[ "$status" -eq 3 ]
	[[ $output == *pre_move* ]]
	runs_only_on rhel01 web $address
	on rhel01 test ! -e /tmp/heard
	on rhel01 rm /tmp/no
	on rhel01 cmigrate -q -c /tmp/config.json move web rhel02
	runs_only_on rhel02 web $address
	heard=$(on rhel01 cat /tmp/heard)
	echo "$heard"
	[[ $heard == *CMIGRATE_CONTAINER=web*CMIGRATE_DESTINATION=rhel02*CMIGRATE_OUTCOME=moved*CMIGRATE_SOURCE=rhel01* ]]
	on rhel01 rm -f /tmp/heard /tmp/config.json
}
