#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# The resource agent for Pacemaker, between stubs of cmigrate and of the cluster's programs.

bats_require_minimum_version 1.5.0

load ../lib/wait
load lib/stubs

setup() {
	set_up_stubs
}

# Settles itself when the cluster has recorded the failure.
failure_is_recorded() {
	echo '[[ $* != *migrate_to* ]] || test -e failed' >cibadmin.does
	echo '[[ $* != *--refresh*--node* ]] || touch refreshed; [[ $* != "--refresh --resource web" ]] || rm failed' >crm_resource.does
}

refreshed() {
	grep -q -x 'crm_resource --refresh --resource web' told
}



@test "monitor: here, not here, uncommitted, unknown; nothing but this host is asked" {
	for pair in 0:0 3:7 7:7 1:1; do
		echo "${pair%:*}" >here
		act monitor
		[ "$status" -eq "${pair#*:}" ]
		[ ! -s told ]
	done
	# A probe on a node without the program, and without the configuration.
	OCF_RESKEY_config=/nowhere act monitor
	[ "$status" -eq 1 ]
	rm bin/cmigrate
	act monitor
	[ "$status" -eq 5 ]
}

@test "monitor of depth 10 asks the endpoint" {
	echo 0 >here
	OCF_CHECK_LEVEL=10 act monitor
	[ "$status" -eq 0 ]
	# A silent one is asked again until the operation's time is up.
	says_status null false 1 false
	run env OCF_CHECK_LEVEL=10 timeout 2 "$agent" monitor
	[ "$status" -eq 124 ]
	[[ $output == *'endpoint does not answer'* ]]
	act monitor
	[ "$status" -eq 0 ]
}

@test "validate-all names what is wrong" {
	act validate-all
	[ "$status" -eq 0 ]
	OCF_RESKEY_name='' act validate-all
	[ "$status" -eq 6 ]
	OCF_RESKEY_start=warm act validate-all
	[ "$status" -eq 6 ]
	[[ $output == *"'warm'"* ]]
	OCF_RESKEY_retry_after=soon act validate-all
	[ "$status" -eq 6 ]
	OCF_RESKEY_config=/nowhere act validate-all
	[ "$status" -eq 5 ]
}

@test "start: fresh, from the checkpoint, and nothing if it runs" {
	act start
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate run web' told
	OCF_RESKEY_start=checkpoint act start
	grep -q -x 'cmigrate run web' told
	says_status null true
	act start
	grep -q -x 'cmigrate run web' told
	OCF_RESKEY_start=checkpoint act start
	grep -q -x 'cmigrate restore web' told
	echo 0 >here
	act start
	[ "$status" -eq 0 ]
	! grep -q cmigrate told || false
}

@test "start: refuses settings with which an undone move would restart the container" {
	echo 'case $* in *allow-migrate*) echo true ;; *multiple-active*) cat active ;; esac' >crm_resource.does
	echo 'exit "$(cat block)"' >cibadmin.does
	echo 0 >block
	echo stop_start >active
	act start
	[ "$status" -eq 6 ]
	[[ $output == *multiple-active=stop_unexpected* ]]
	echo stop_unexpected >active
	echo 105 >block
	act start
	[ "$status" -eq 6 ]
	[[ $output == *on-fail=block* ]]
	! grep -q 'cmigrate' told || false
	echo 0 >block
	act start
	[ "$status" -eq 0 ]
	# Without live moves they don't matter.
	echo 'case $* in *allow-migrate*) echo false ;; *multiple-active*) echo stop_start ;; esac' >crm_resource.does
	act start
	[ "$status" -eq 0 ]
}

@test "start: only a node that the cluster has fenced is taken for off" {
	says_cluster true false rhel02
	act start
	grep -q -x 'cmigrate run --fenced rhel02 web' told
	# Not yet fenced, fenced in vain, no fencing in this cluster.
	says_cluster true true rhel02
	act start
	grep -q -x 'cmigrate run web' told
	says_cluster true false rhel02 failed
	act start
	grep -q -x 'cmigrate run web' told
	says_cluster false false
	act start
	grep -q -x 'cmigrate run web' told
	OCF_RESKEY_allow_unfenced=true act start
	grep -q -x 'cmigrate run --fenced rhel02 web' told
	# A node that no configuration names.
	says_cluster true false rhel02
	echo '{"hosts": {"rhel01": {}, "rhel03": {}}}' >config.json
	act start
	grep -q -x 'cmigrate run web' told
}

@test "start: a node that left in good order is asked, and is off only if it is silent" {
	says_cluster true false
	act start
	grep -q -x 'cmigrate run web' told
	echo 1 >status.exits
	act start
	grep -q -x 'cmigrate run --fenced rhel02 web' told
}

@test "start: an interrupted move is settled first, by the cluster's word" {
	says_cluster true false rhel02
	says_status "$(move_of rhel02 rhel01)"
	echo 'sed -i "s/\"move\":.*/\"move\":null}/" status; echo 0 >here; echo "{\"outcome\":\"moved\"}"' >recover.does
	act start
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate recover web --fenced rhel02' told
	! grep -q 'cmigrate run' told || false
	# In doubt: nothing is started.
	echo 3 >here
	says_status "$(move_of rhel02 rhel03)"
	echo 'exit 6' >recover.does
	act start
	[ "$status" -eq 1 ]
	[[ $output == *unsettled*'cmigrate recover web'* ]]
	! grep -q 'cmigrate run' told || false
	# Lost: it starts anew.
	echo 'sed -i "s/\"move\":.*/\"move\":null}/" status; exit 9' >recover.does
	act start
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate run --fenced rhel02 web' told
}

@test "start: what the recovery left on a third host comes here as it runs" {
	says_cluster true false rhel02
	says_status "$(move_of rhel02 rhel03)"
	echo 'sed -i "s/\"move\":.*/\"move\":null}/" status; echo "{\"outcome\":\"moved\"}"' >recover.does
	echo 'echo 0 >here' >move.does
	act start
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate move web rhel01 --from rhel03' told
	! grep -q 'cmigrate run' told || false
}

@test "start tells the cluster the container's memory: its limit, or what it uses" {
	export OCF_RESKEY_crm_feature_set=3.16
	act start
	grep -q -x 'crm_resource --resource web --utilization --set-parameter memory --parameter-value 2' told
	printf '{"linux": {"resources": {\n"pids": {"limit": 9}, "memory": {"limit": 268435456}}}}' >web/config.json
	act start
	grep -q -x 'crm_resource --resource web --utilization --set-parameter memory --parameter-value 256' told
	echo 'echo 256' >crm_resource.does
	act start
	! grep -q set-parameter told || false
}

@test "stop: ends what is here; a second stop and a node without anything succeed" {
	echo 0 >here
	echo 'echo 3 >here' >stop.does
	act stop
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate stop web --on rhel01' told
	act stop
	[ "$status" -eq 0 ]
	! grep -q 'cmigrate stop' told || false
	echo 1 >here
	act stop
	[ "$status" -eq 1 ]
	echo 0 >here
	echo 'exit 1' >stop.does
	act stop
	[ "$status" -eq 1 ]
}

@test "stop: a container that goes on from checkpoints gets one, and ends without one if none can be made" {
	echo 0 >here
	echo 'echo 3 >here' >checkpoint.does
	OCF_RESKEY_start=checkpoint act stop
	[ "$status" -eq 0 ]
	[ "$(grep -c cmigrate told)" -eq 1 ]
	grep -q -x 'cmigrate checkpoint web --on rhel01' told
	echo 0 >here
	echo 'exit 1' >checkpoint.does
	echo 'echo 3 >here' >stop.does
	OCF_RESKEY_start=checkpoint act stop
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate stop web --on rhel01' told
}

@test "cmigrate is told which resource it acts for" {
	echo 'echo "$CMIGRATE_OWNER" >owner' >run.does
	act start
	[ "$(cat owner)" = pacemaker:web ]
}

@test "stop: a move from or to this node is undone first, another one is none of its business" {
	echo 3 >here
	says_status "$(move_of rhel02 rhel01)"
	echo 'sed -i "s/\"move\":.*/\"move\":null}/" status' >abort.does
	act stop
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate abort web --on rhel01' told
	says_status "$(move_of rhel02 rhel03)"
	act stop
	[ "$status" -eq 0 ]
	! grep -q 'cmigrate abort' told || false
	# Its process has died.
	says_status "$(move_of rhel01 rhel02)"
	echo 'exit 7' >abort.does
	echo 'sed -i "s/\"move\":.*/\"move\":null}/" status; echo "{\"outcome\":\"undone\"}"; echo 0 >here' >recover.does
	echo 'echo 3 >here' >stop.does
	act stop
	[ "$status" -eq 0 ]
	[ "$(grep -o 'cmigrate [a-z]*' told | tr '\n' ' ')" = 'cmigrate abort cmigrate recover cmigrate stop ' ]
}

@test "stop: a move that only fencing can settle is left to the start, because the cluster fences after the stop" {
	echo 7 >here
	says_status "$(move_of rhel02 rhel01)"
	says_cluster true true
	echo 'exit 7' >abort.does
	echo 'exit 6' >recover.does
	act stop
	[ "$status" -eq 0 ]
	! grep -q -e 'cmigrate stop' -e 'cmigrate checkpoint' told || false
	# The other host is in the cluster: it is waited for.
	says_cluster true false rhel02
	run timeout 3 "$agent" stop
	[ "$status" -eq 124 ]
}

@test "migrate_to: a good move, with the options, and nothing is settled" {
	echo 0 >here
	echo 'echo 3 >here' >move.does
	OCF_RESKEY_move_options='--strategy pre-copy' act migrate_to
	[ "$status" -eq 0 ]
	grep -q -x 'cmigrate move web rhel02 --from rhel01 --strategy pre-copy' told
	! grep -q crm_resource told || false
	# Moved, and silent.
	echo 0 >here
	echo 'echo 3 >here; exit 5' >move.does
	act migrate_to
	[ "$status" -eq 0 ]
}

@test "migrate_to undone: fails, bans the destination if that does no harm, and has the cluster look anew" {
	echo 0 >here
	echo 'echo "endpoint silent" >&2; exit 4' >move.does
	failure_is_recorded
	echo 'echo "<rsc_action action=\"stop\" resource=\"other\"/>"' >crm_simulate.does
	act migrate_to
	[ "$status" -eq 1 ]
	[[ $output == *'ocf-exit-reason:'*'is where it was'* ]]
	# The cluster records the failure only now.
	! refreshed || false
	touch failed
	wait_until 20 refreshed
	grep -q -x 'crm_resource --resource web --ban --node rhel02 --lifetime PT300S' told
	# The destination first, then all.
	[ "$(grep -e --refresh told | tr '\n' ';')" = 'crm_resource --refresh --resource web --node rhel02;crm_resource --refresh --resource web;' ]
	! grep -q 'cmigrate stop' told || false
}

@test "migrate_to undone where a ban would stop the container: it stays, and is tried again later" {
	echo 0 >here
	echo 'exit 3' >move.does
	failure_is_recorded
	echo 'echo "<rsc_action action=\"stop\" resource=\"web\"/>"' >crm_simulate.does
	OCF_RESKEY_retry_after=2 act migrate_to
	[ "$status" -eq 1 ]
	touch failed
	wait_until 20 refreshed
	# The ban was tried on a copy of the configuration alone.
	[ "$(grep -c -e --ban told)" -eq 1 ]
	[ "$(grep -n -e --ban told | cut -d : -f 1)" -lt "$(grep -n crm_simulate told | cut -d : -f 1)" ]
}

@test "migrate_to in doubt is recovered by the cluster's word" {
	echo 0 >here
	echo "cp status.move status; exit 6" >move.does
	says_status "$(move_of rhel01 rhel02)" && mv status status.move
	says_status null
	says_cluster true true
	# Fenced only after the first try.
	says_cluster true false rhel02 && mv crm_mon.does crm_mon.fenced
	says_cluster true true
	echo '[[ $* == *--fenced* ]] || { cp crm_mon.fenced crm_mon.does; exit 6; }
		sed -i "s/\"move\":.*/\"move\":null}/" status; echo "{\"outcome\":\"undone\"}"' >recover.does
	act migrate_to
	[ "$status" -eq 1 ]
	[ "$(grep 'cmigrate recover' told | tr '\n' ';')" = 'cmigrate recover web;cmigrate recover web --fenced rhel02;' ]
}

@test "migrate_to killed by its time: the move goes on, and then the cluster looks anew" {
	echo 0 >here
	failure_is_recorded
	mkfifo go
	echo 'touch moving; read -r _ <go; echo 3 >here' >move.does
	: >told
	# A session of its own, as the cluster starts an operation.
	setsid "$agent" migrate_to 3>&- &
	operation=$!
	wait_until 20 test -e moving
	kill -KILL -- "-$operation"
	touch failed
	wait $operation || true
	# stop knows that the move has not ended.
	timeout 1 "$agent" stop || true
	! grep -q 'cmigrate stop' told || false
	echo >go
	wait_until 20 refreshed
	! grep -q -e --ban told || false
}

@test "migrate_from: what was moved is here, and what is not isn't" {
	echo 0 >here
	act migrate_from
	[ "$status" -eq 0 ]
	echo 3 >here
	act migrate_from
	[ "$status" -eq 7 ]
}
