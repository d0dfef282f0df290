#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# check-all: three clusters are set up from nothing
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# The commands of docs/cluster.md, as they stand. The word after "sh" on a fence says where.

bats_require_minimum_version 1.5.0

load ../hosts/lib/containers
load lib/cluster

setup() {
	case $BATS_TEST_NAME in
	*two_nodes*) nodes=(rhel01 rhel02) ;;
	esac
}

teardown() {
	[[ -n ${BATS_TEST_COMPLETED:-} ]] || tell_all
	end_nodes
}

# A page that says which host it is, as in the README.
make_page() {
	local host
	for host in "${nodes[@]}"; do
		on "$host" sh -c 'mkdir -p /srv/web && uname -n >/srv/web/index.html'
	done
	on rhel01 sh -ec 'mkdir -p /runc/containers/web/rootfs/bin && cp "$(command -v busybox)" /runc/containers/web/rootfs/bin/'
}

# A second container for the colocation, which the cluster has under the name web2.
add_second() {
	on rhel01 cmigrate generate web2 --args busybox --args sleep --args infinity "${common_flags[@]}"
	on rhel01 pcs resource create web2 ocf:cmigrate:container name=web2 op migrate_to timeout=600s on-fail=block \
		meta allow-migrate=true multiple-active=stop_unexpected
}

@test "every block says where it runs" {
	run awk '
		/^```/ { inside = !inside; if (inside && !/^```sh (each node|each of two nodes|container|pcs|crmsh|pcs standby|crmsh standby|move|pcs spread|crmsh spread|pcs utilization|crmsh utilization|after repair)$/) print }' "$top/docs/cluster.md"
	echo "$output"
	[ -z "$output" ]
}

@test "three nodes: pcs" {
	start_nodes t-pcs 900
	make_page
	start_cluster
	run_commands rhel01 container
	run_commands rhel01 pcs
	settled_on_any
	[[ $(on client curl -s -m $patience http://$address/) == "$(whereabouts)" ]]
	run_commands rhel01 move
	settled_elsewhere nowhere
	[[ $(on client curl -s -m $patience http://$address/) == rhel03 ]]
	run_commands rhel01 'pcs standby'
	settled_elsewhere nowhere
	add_second
	run_commands rhel01 'pcs spread'
	run_commands rhel01 'pcs utilization'
	run_commands rhel01 'after repair'
	settled_elsewhere nowhere
	[[ $(whereabouts) != "$(on rhel01 crm_resource --resource web2 --locate --quiet)" ]]
}

@test "three nodes: crmsh" {
	start_nodes t-crmsh 900
	make_page
	start_cluster
	run_commands rhel01 container
	run_commands rhel01 crmsh
	settled_on_any
	[[ $(on client curl -s -m $patience http://$address/) == "$(whereabouts)" ]]
	run_commands rhel01 'crmsh standby'
	add_second
	run_commands rhel01 'crmsh spread'
	run_commands rhel01 'crmsh utilization'
	settled_elsewhere nowhere
	runs_once_on "$(whereabouts)"
}

@test "two nodes: one fences the other and goes on alone" {
	start_nodes t-two 900 2
	make_page
	start_cluster 'each of two nodes'
	run_commands rhel01 container
	run_commands rhel01 pcs
	settled_on_any
	lost=$(whereabouts)
	"$lab" crash "$lost"
	survivor=$(survivor_of "$lost")
	settled_elsewhere "$lost" "$survivor"
	[[ $(on client curl -s -m $patience http://$address/) == "$survivor" ]]
	runs_once_on "$survivor"
}
