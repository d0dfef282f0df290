#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# check-all: half an hour, with a fenced host for each step of a move
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# Moves fail in a cluster, hosts are lost and the network is split. The container runs exactly once in the end, its
# counter never goes back further than its last checkpoint, and an undone move never restarts it.

bats_require_minimum_version 1.5.0

load ../hosts/lib/containers
load ../hosts/lib/traffic
load ../hosts/lib/faults
load lib/cluster

setup_file() {
	start_nodes t-failures 6000
	make_redis web $address/32
	start_cluster
	on rhel01 bash -ec "$(commands pcs | sed 's/name=web/name=web start=checkpoint retry_after=5/; s/timeout=600s/timeout=15s/')"
	settled_on_any
	for host in "${nodes[@]}"; do
		pausing_program "$host"
	done
}

teardown_file() {
	end_nodes
}

setup() {
	settled_on_any
	at=$(whereabouts)
	add_one
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tell_all
}

# Its moves stop themselves where /var/pause says, and /var/pid has the process then.
pausing_program() { # HOST
	on "$1" sh -ec 'mv /usr/local/sbin/cmigrate /usr/local/sbin/cmigrate.real
		cat >/usr/local/sbin/cmigrate && chmod 755 /usr/local/sbin/cmigrate' <<-'END'
		#!/bin/sh
		case " $* " in
		*' move '*) [ ! -e /var/pause ] || { echo $$ >/var/pid && export CMIGRATE_PAUSE="$(cat /var/pause)"; } ;;
		esac
		exec /usr/local/sbin/cmigrate.real "$@"
	END
}

# CLUSTER_STEPS="restore commit": only these.
steps() {
	[[ -z ${CLUSTER_STEPS:-} ]] || { echo "$CLUSTER_STEPS" && return; }
	on "$at" env CMIGRATE_OWNER=pacemaker:web cmigrate.real --json move web "$(survivor_of "$at")" --dry-run |
		jq -r 'select(.event == "plan").steps[] | if type == "object" then .name else . end'
}

# Has the cluster move it to $to, and waits until the move has stopped itself at STEP:before or STEP:after.
move_until() { # POINT
	to=$(survivor_of "$at")
	on "$at" sh -c 'rm -f /var/pid; echo "$1" >/var/pause' - "$1"
	on "$at" crm_resource --resource web --move --node "$to" --lifetime PT10M
	wait_on "$at" 60 'test -e /var/pid'
	wait_paused "$at"
	on "$at" rm /var/pause
}

forget_wish() { # [ASKED]
	on "${1:-rhel01}" crm_resource --resource web --clear
}

is_blocked() {
	wait_on "$at" 60 'crm_mon --one-shot | grep -q -i "web.*blocked"'
}

# Runs it on each node at the same time. A wait without a process would wait for the clock of bats, too.
on_all_nodes() { # COMMAND...
	local host pid pids=()
	for host in "${nodes[@]}"; do
		on "$host" "$@" 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
}

@test "standby and back ten times: a client's connection stays, and no reply is lost" {
	start_client count incrementer $address 6379 replies "$((patience * 3))" 0.02
	for _ in 1 2 3 4 5; do
		at=$(whereabouts)
		for value in on off; do
			on "$at" crm_attribute --node "$at" --name standby --update $value
			settled_elsewhere "$([[ $value == off ]] || echo "$at")"
		done
		on "$at" crm_resource --resource web --move --node "$at" --lifetime PT10M
		settled_elsewhere "$(survivor_of "$at")"
		forget_wish
		settled_on_any
	done
	report=$(end_client count)
	say "$report"
	[ "$(jq .fault <<<"$report")" = null ]
	runs_once_on "$(whereabouts)"
}

@test "a cluster that is stopped and started lets the container go on" {
	before=$(add_one)
	on_all_nodes systemctl stop pacemaker
	for host in "${nodes[@]}"; do
		[ -z "$(state_of "$host" web 2>/dev/null)" ]
	done
	on_all_nodes systemctl start pacemaker
	settled_on_any
	counts_on_from "$before"
	runs_once_on "$(whereabouts)"
}

@test "a migrate_to whose time is up: the move goes on, and the cluster sees where it ended" {
	for step in $(steps); do
		at=$(whereabouts)
		before=$(add_one)
		say "$step"
		move_until "$step:after"
		is_blocked
		on "$at" sh -c 'kill -CONT "$(cat /var/pid)"'
		settled_on_any
		counts_on_from "$before"
		runs_once_on "$(whereabouts)"
		forget_wish
		settled_on_any
	done
}

@test "an undone move leaves the container and its connections, and succeeds after the repair" {
	start_client count incrementer $address 6379 undone "$((patience * 3))" 0.02
	for host in "${nodes[@]}"; do
		[[ $host == "$at" ]] || wrap_runc "$host" '[ -z "$restoring" ] || { touch /var/tried; exit 1; }'
	done
	pid=$(on "$at" runc state web | jq .pid)
	on "$at" crm_attribute --node "$at" --name standby --update on
	is_blocked
	# Both others are tried, and one of them again.
	for host in "${nodes[@]}"; do
		[[ $host == "$at" ]] || wait_on "$host" 120 'test -e /var/tried && rm /var/tried'
	done
	wait_on "$(survivor_of "$at")" 120 'test -e /var/tried'
	[ "$(state_of "$at" web)" = running ]
	[ "$(on "$at" runc state web | jq .pid)" = "$pid" ]
	unwrap "${nodes[@]}"
	settled_elsewhere "$at"
	report=$(end_client count)
	on "$at" crm_attribute --node "$at" --name standby --delete
	say "$report"
	[ "$(jq .fault <<<"$report")" = null ]
	settled_on_any
	runs_once_on "$(whereabouts)"
}

@test "the source is lost in each step of a move" {
	for step in $(steps); do
		at=$(whereabouts)
		floor=$(add_one)
		say "$step"
		on "$at" cmigrate --quiet checkpoint web --leave-running --keep 1 --on "$at"
		add_one
		move_until "$step:after"
		"$lab" crash "$at"
		settled_elsewhere "$at" "$to"
		counts_on_from "$floor"
		runs_once_on "$(whereabouts "$to")"
		come_back "$at" "$to"
		on "$at" rm -f /var/pause /var/pid
		forget_wish "$to"
		settled_on_any "$to"
	done
}

@test "a split: the side without a majority is fenced, and the container runs once" {
	floor=$(add_one)
	on "$at" cmigrate --quiet checkpoint web --leave-running --keep 1 --on "$at"
	"$lab" cut "$at"
	other=$(survivor_of "$at")
	settled_elsewhere "$at" "$other"
	counts_on_from "$floor"
	runs_once_on "$(whereabouts "$other")"
	come_back "$at" "$other"
}
