#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Recoveries that meet something else than what the move has left: the last copy is never ended, and none is
# started beside another.

load lib/lab
load lib/containers
load lib/faults

address=10.99.0.102
# Nobody answers there.
silent=http://$address:81/

setup_file() {
	start_lab t-recover 600
	on client sh -c 'mkdir -p /etc/cmigrate; echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
	for host in rhel01 rhel02; do
		on $host sh -c 'mkdir -p /etc/cmigrate; echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
	done
}

teardown_file() {
	end_lab
}

setup() {
	make_server server $address/32 8000
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

sum() {
	on client curl -s -m $patience "http://$address:8000/state" | jq -r .sum
}

# A move to rhel02 whose controller is killed there.
killed_at() { # POINT [OPTION...]
	on client env "CMIGRATE_FAULT=$1" cmigrate --quiet move --from rhel01 "${@:2}" server rhel02 || [[ $? -ne 0 ]]
}

# rhel01 loses its power, and comes up again with nothing of what ran.
restart_source() {
	"$lab" crash rhel01
	"$lab" boot rhel01
	place_program
}

# The images are complete and nothing runs anywhere; $before is what the server counted.
killed_with_source_restarted() { # [OPTION...]
	start_container rhel01 server
	before=$(sum)
	killed_at dump:after "$@"
	restart_source
}

recovers() { # [OPTION...]
	run on client cmigrate recover "$@" server
	echo "$output"
}

# Somebody else's on rhel02, in a cgroup that is called like the container and in a pid namespace of its own.
start_foreign() {
	on rhel02 sh -c 'mkdir -p /sys/fs/cgroup/pids/lxc/server 2>/dev/null || mkdir -p /sys/fs/cgroup/lxc/server
		unshare --pid --fork --kill-child sleep 300 </dev/null >/dev/null 2>&1 &
		echo $! >/var/other
		until pgrep -P $! >/dev/null; do sleep 0.05; done
		pgrep -P $! >/var/other.child
		for pid in $! $(cat /var/other.child); do
			echo "$pid" >/sys/fs/cgroup/pids/lxc/server/cgroup.procs 2>/dev/null || echo "$pid" >/sys/fs/cgroup/lxc/server/cgroup.procs
		done'
}

foreign_lives() {
	on rhel02 sh -c 'kill -0 "$(cat /var/other.child)" && kill "$(cat /var/other)"'
}

nothing_waits() {
	local host left
	left=$(on rhel02 find /runc/containers -name journal -o -name 'images-*')
	for host in rhel01 rhel02; do
		left+=$(on $host sh -c 'ls -A /run/cmigrate 2>/dev/null; nft list tables')
	done
	echo "left: $left"
	[[ -z $left ]]
}

# The only copy, with all that it has counted, and nothing of the move is left.
goes_on_at() { # HOST
	runs_only_on "$1" server $address
	[[ $(sum) == "$before" ]]
	nothing_waits
}

@test "the destination is gone after the commit: the source's frozen copy is taken if that is asked for" {
	start_container rhel01 server
	before=$(sum)
	killed_at commit:after
	recovers --take-source
	[[ $status -eq 6 && $output == *"the destination has a newer copy"* ]]
	"$lab" crash rhel02
	recovers --fenced rhel02 --take-source
	[[ $status -eq 0 && $output == *'it runs on rhel01'* ]]
	"$lab" boot rhel02
	place_program
	goes_on_at rhel01
}

# bats test_tags=all
@test "the same, and that recovery is killed: the next one goes the same way" {
	start_container rhel01 server
	before=$(sum)
	killed_at commit:after
	"$lab" crash rhel02
	on client env CMIGRATE_FAULT=dump:undo cmigrate --quiet recover --fenced rhel02 --take-source server || [[ $? -ne 0 ]]
	recovers --fenced rhel02
	[[ $status -eq 0 && $output == *'it runs on rhel01'* ]]
	"$lab" boot rhel02
	place_program
	goes_on_at rhel01
}

@test "the source is gone, the endpoint silent: the only copy goes on" {
	start_container rhel01 server
	before=$(sum)
	killed_at answer:before --endpoint $silent --timeout 1
	"$lab" crash rhel01
	recovers --fenced rhel01
	[[ $status -eq 0 ]]
	[[ $(sum) == "$before" ]]
	[[ $(state_of rhel02 server) == running ]]
	"$lab" boot rhel01
	place_program
	[[ -z $(on rhel02 find /runc/containers -name journal) ]]
}

# bats test_tags=all
@test "the same where the source is up again and knows nothing" {
	start_container rhel01 server
	before=$(sum)
	killed_at answer:before --endpoint $silent --timeout 1
	restart_source
	recovers
	[[ $status -eq 0 ]]
	[[ $(sum) == "$before" ]]
	runs_only_on rhel02 server $address
	nothing_waits
}

# bats test_tags=all
@test "annotations of any name are not taken for runc's words" {
	make_server server $address/32 8000 --label status=prod --label note=stopped --label pid=1 --force
	start_container rhel01 server
	before=$(sum)
	run on client cmigrate -q move --from rhel01 --endpoint $silent --timeout 1 server rhel02
	echo "$output"
	[[ $status -eq 4 ]]
	[[ $(sum) == "$before" ]]
	killed_at restore:after
	recovers
	[[ $status -eq 0 ]]
	goes_on_at rhel02
	run on rhel02 cmigrate stop server
	[[ $status -eq 0 ]]
	[[ -z $(on rhel02 runc list -q) ]]
}

@test "a state of runc that can't be read is no word that there is no container" {
	start_container rhel01 server
	before=$(sum)
	killed_at dump:after
	on rhel01 sh -c 'cd /run/runc/server && cp -p state.json kept && head -c 100 kept >state.json'
	recovers
	[[ $status -eq 6 ]]
	run on rhel01 cmigrate stop --on rhel01 server
	[[ $status -ne 0 ]]
	on rhel01 sh -c 'cd /run/runc/server && mv kept state.json'
	[[ -n $(state_of rhel01 server) ]]
	recovers
	[[ $status -eq 0 ]]
	runs_only_on rhel01 server $address
	[[ $(sum) == "$before" ]]
	nothing_waits
}

@test "a restore that hangs in a cgroup of another name is ended, and only that" {
	make_server server $address/32 8000 --cgroups-path /grp/other --force
	start_container rhel01 server
	before=$(sum)
	start_foreign
	wrap_runc rhel02 '[ -z "$restoring" ] || { /usr/sbin/runc "$@"; echo "no such luck" >&2; exit 1; }'
	run on client cmigrate -q move --from rhel01 server rhel02
	echo "$output"
	[[ $status -eq 4 ]]
	runs_only_on rhel01 server $address
	[[ $(sum) == "$before" ]]
	[[ -z $(on rhel02 sh -c 'cat /sys/fs/cgroup/*/grp/other/cgroup.procs /sys/fs/cgroup/grp/other/cgroup.procs 2>/dev/null') ]]
	foreign_lives
}

# bats test_tags=all
@test "nor what has the container's name as the last part of another manager's cgroup" {
	start_container rhel01 server
	start_foreign
	wrap_runc rhel02 '[ -z "$restoring" ] || { /usr/sbin/runc "$@"; echo "no such luck" >&2; exit 1; }'
	run on client cmigrate -q move --from rhel01 server rhel02
	echo "$output"
	[[ $status -eq 4 ]]
	runs_only_on rhel01 server $address
	foreign_lives
}

# bats test_tags=all
@test "restored on the destination and kept there though its endpoint is silent: not on the source as well" {
	killed_with_source_restarted --endpoint $silent --timeout 1 --if-silent keep
	recovers
	[[ $status -eq 0 ]]
	goes_on_at rhel02
}

# It may have come to its end there since.
@test "the destination is lost while it is restored there: not on the source as well" {
	killed_with_source_restarted
	hold_restores rhel02
	on client sh -c 'cmigrate -q recover server >/tmp/recovery 2>&1; echo "status $?" >>/tmp/recovery' 3>&- &
	wait_on rhel02 60 '[[ -e /var/started ]]'
	"$lab" cut rhel02
	wait $!
	on client cat /tmp/recovery
	[[ $(on client tail -n 1 /tmp/recovery) == 'status 6' ]]
	[[ -z $(state_of rhel01 server) ]]
	"$lab" mend rhel02
	let_restores_go rhel02
	recovers
	[[ $status -eq 0 ]]
	goes_on_at rhel02
}

# Both hosts were down, and a restore on the destination fails: what runs on the source stays there.
# bats test_tags=all
@test "restored on the source, and killed then: the next recovery leaves it there" {
	killed_with_source_restarted
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo "no such luck" >&2; exit 1; }'
	on client env CMIGRATE_FAULT=return:after cmigrate -q recover server || [[ $? -eq 137 ]]
	unwrap rhel02
	[[ $(state_of rhel01 server) == running ]]
	recovers
	[[ $status -eq 0 ]]
	[[ $output == *"it runs on rhel01"* ]]
	[[ $(state_of rhel01 server) == running ]]
	[[ -z $(state_of rhel02 server) ]]
	[[ $(sum) == "$before" ]]
	nothing_waits
}

@test "undone, and ended by itself since: not started from the images of before" {
	start_container rhel01 server
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo "no such luck" >&2; exit 1; }'
	killed_at prepare:undo
	unwrap rhel02
	[[ $(state_of rhel01 server) == running ]]
	[[ -n $(on rhel01 find /runc/containers/server/.cmigrate -name pstree.img) ]]
	on rhel01 runc kill server KILL
	wait_on rhel01 10 'runc state server | grep -q stopped'
	recovers
	[[ $status -eq 9 && $output == *"runs nowhere"* ]]
	[[ -z $(state_of rhel02 server) ]]
	nothing_waits
}

# bats test_tags=all
@test "ended by itself before its memory could follow: nobody is kept out any more" {
	start_container rhel01 server
	killed_at freeze:before --strategy post-copy
	[[ -n $(on rhel01 nft list tables) ]]
	on rhel01 runc kill server KILL
	recovers
	[[ $status -eq 9 && $output == *"the container had ended by itself"* ]]
	nothing_waits
}

# bats test_tags=all
@test "a service address that was not on the source: undone and recovered without it" {
	start_container rhel01 server
	before=$(sum)
	on rhel01 ip addr del $address/32 dev eth0
	run on client cmigrate -q move --from rhel01 --endpoint $silent --timeout 1 server rhel02
	echo "$output"
	[[ $status -eq 4 ]]
	[[ $(state_of rhel01 server) == running ]]
	[[ -z $(on rhel01 ip -o addr show to $address) ]]
	killed_at dump:after
	recovers
	[[ $status -eq 0 ]]
	[[ $(state_of rhel01 server) == running ]]
	nothing_waits
	on client cmigrate -q move --from rhel01 server rhel02
	runs_only_on rhel02 server $address
	[[ $(sum) == "$before" ]]
}

@test "a checkpoint and a restore that were killed are settled" {
	start_container rhel01 server
	before=$(sum)
	on rhel01 env CMIGRATE_FAULT=commit:after cmigrate -q checkpoint server || [[ $? -eq 137 ]]
	run on rhel01 cmigrate recover server
	echo "$output"
	[[ $status -eq 0 && $output == *"its checkpoint is"* ]]
	[[ -z $(state_of rhel01 server) ]]
	on rhel02 env CMIGRATE_FAULT=restore:after cmigrate -q restore --on rhel02 server || [[ $? -eq 137 ]]
	run on rhel02 cmigrate recover --all
	echo "$output"
	[[ $status -eq 0 ]]
	# Undone or finished: there is one of it, running or to be restored.
	[[ $(state_of rhel02 server) == running ]] || on rhel02 cmigrate -q restore server
	goes_on_at rhel02
}

@test "in the middle of a move, when both hosts have a copy, every command says so: 7" {
	start_container rhel01 server
	killed_at restore:after
	for words in 'move server rhel01' 'check server' 'stop server' 'delete --force server' 'checkpoint server' 'run server'; do
		# shellcheck disable=SC2086 # words
		run on client cmigrate $words
		echo "$words: $status $output"
		[[ $status -eq 7 ]]
	done
	[[ $(on client cmigrate --json list | jq -c '[.host, .in_move]' | tr '\n' ' ') == '["rhel01",true] ["rhel02",true] ' ]]
	recovers
	[[ $status -eq 0 ]]
	runs_only_on rhel02 server $address
}

@test "a failure of a checkpoint, of a restore: why, and where that leaves the container" {
	start_container rhel01 server
	wrap_runc rhel01 '[ "$1" != checkpoint ] || { echo "no such luck" >&2; exit 1; }'
	run on rhel01 cmigrate --quiet checkpoint server
	echo "$output"
	[[ $status -eq 4 && $output == *"the dump failed"*"it runs on rhel01 as before" ]]
	unwrap rhel01
	on rhel01 cmigrate -q checkpoint server
	on rhel01 cmigrate status server | grep -q 'checkpoint .*cmigrate restore server'
	[[ $(on rhel01 cmigrate --json status server | jq .checkpoint) == true ]]
	wrap_runc rhel01 '[ -z "$restoring" ] || { echo "no such luck" >&2; exit 1; }'
	run on rhel01 cmigrate --quiet restore server
	echo "$output"
	[[ $status -eq 1 && $output == *"the restore failed"*"its images stay"* ]]
	unwrap rhel01
	on rhel01 cmigrate -q restore server
	runs_only_on rhel01 server $address
}

# Its dump ends the container: until the images are on disk the way back is a restore from them.
# bats test_tags=all
@test "a checkpoint by a criu without a gate: restored, undone, recovered" {
	start_container rhel01 server
	before=$(sum)
	claim_criu rhel01 3.18
	on rhel01 cmigrate -q checkpoint --skip-check criu-kernel server
	[[ -z $(state_of rhel01 server) ]]
	on rhel01 cmigrate -q restore server
	goes_on_at rhel01
	on rhel01 bash -c 'CMIGRATE_PAUSE=dump:after cmigrate -q checkpoint --skip-check criu-kernel server </dev/null >/var/out 2>&1 &
		echo $! >/var/pid
		wait $! && echo 0 >/var/status || echo $? >/var/status' 3>&- &
	wait_paused rhel01
	on rhel01 sh -c 'read -r pid </var/pid; kill -TERM "$pid"; kill -CONT "$pid"'
	wait $!
	run on rhel01 sh -c 'cat /var/out; exit $(cat /var/status)'
	echo "$output"
	[[ $status -eq 4 && $output == *"it runs on rhel01 as before" ]]
	goes_on_at rhel01
	on rhel01 env CMIGRATE_FAULT=dump:after cmigrate -q checkpoint --skip-check criu-kernel server || [[ $? -eq 137 ]]
	[[ -z $(state_of rhel01 server) ]]
	recovers
	[[ $status -eq 0 && $output == *"it runs on rhel01"* ]]
	goes_on_at rhel01
	run on rhel01 cmigrate -q checkpoint --skip-check criu-kernel --leave-running server
	[[ $status -eq 3 && $output == *"criu 3.19"* ]]
	goes_on_at rhel01
}

# A copy on rhel02 that touches nothing of what it lacks, and a source that has lost its power meanwhile.
orphan_copy() {
	flag_args python3 -c 'import os, signal; memory = os.urandom(60 << 20); signal.pause()'
	on rhel01 cmigrate generate idle "${flags[@]}" "${common_flags[@]}"
	start_container rhel01 idle
	on rhel01 tc qdisc add dev eth0 root tbf rate 5mbit burst 32kb limit 1mb
	on client env CMIGRATE_FAULT=drain:before cmigrate --quiet move --strategy post-copy --from rhel01 idle rhel02 || [[ $? -eq 137 ]]
	[[ $(state_of rhel02 idle) == running ]]
	"$lab" crash rhel01
}

orphan_is_lost() { # [OPTION...]
	run on client cmigrate recover "$@" idle
	echo "$output"
	[[ $status -eq 9 && $output == *"'idle' runs nowhere"* ]]
	[[ $(state_of rhel02 idle) != running ]]
}

@test "post-copy: what is still missing went with the source, and nobody would ever tell the copy" {
	orphan_copy
	"$lab" boot rhel01
	place_program
	orphan_is_lost
	nothing_waits
}

# bats test_tags=all
@test "the same where the source is off for certain" {
	orphan_copy
	orphan_is_lost --fenced rhel01
	"$lab" boot rhel01
	place_program
	nothing_waits
}

# Its connection is not closed by anybody, and TCP alone would try for a quarter of an hour.
# bats test_tags=all
@test "a third host that loses its power in the middle of a move lets go of the container soon" {
	start_container rhel01 server
	before=$(sum)
	on client umount -l /runc
	on client bash -c 'CMIGRATE_PAUSE=dump:before cmigrate --quiet move --from rhel01 server rhel02 </dev/null >/dev/null 2>&1 & echo $! >/var/pid'
	wait_paused client
	"$lab" crash client
	run on rhel02 cmigrate recover server
	echo "$output"
	[[ $status -eq 7 && $output == *'on client since'* ]]
	wait_on rhel02 90 'cmigrate --quiet recover server'
	"$lab" boot client
	place_program
	goes_on_at rhel01
}
