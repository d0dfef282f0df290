#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# The cluster's own programs judge the agent and what follows its answers, on a test host without a cluster: the
# meta-data, ocf-tester, and the scheduler's transitions from saved states.

bats_require_minimum_version 1.5.0

load ../hosts/lib/containers
load lib/cluster
load lib/states

setup_file() {
	start_lab t-ocf 600 1
	install_agent rhel01
	on rhel01 sh -c 'mkdir -p /etc/cmigrate && echo "{\"hosts\": {\"rhel01\": {}}}" >/etc/cmigrate/config.json'
}

teardown_file() {
	end_lab
}

@test "meta-data is valid, for nobody too, and lists each parameter that the agent reads" {
	agent=$top/packaging/ocf/resource.d/cmigrate/container
	"$agent" meta-data >"$BATS_TEST_TMPDIR/meta"
	on rhel01 xmllint --noout --nonet --dtdvalid /usr/share/resource-agents/ra-api-1.dtd - <"$BATS_TEST_TMPDIR/meta"
	diff <(grep -o 'OCF_RESKEY_[a-z_]*' "$agent" | sed 's/OCF_RESKEY_//' | grep -v -e '^$' -e crm_feature_set | sort -u) \
		<(sed -n 's/.*<parameter name="\([a-z_]*\)".*/\1/p' "$BATS_TEST_TMPDIR/meta" | sort -u)
	for action in $(sed -n 's/.*<action name="\([a-z_-]*\)".*/\1/p' "$BATS_TEST_TMPDIR/meta"); do
		grep -q "^$action)" "$agent"
	done
}

@test "ocf-tester finds nothing, with a real container" {
	on rhel01 mkdir -p /tmp/web
	flag_args busybox httpd -f -p 80 -h /var/www/html
	on rhel01 cmigrate generate web "${flags[@]}" "${common_flags[@]}" --bind /tmp/web:/var/www/html \
		--address $address/32
	run on rhel01 ocf-tester -n web -o name=web /usr/lib/ocf/resource.d/cmigrate/container
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *'passed all tests'* ]]
	on rhel01 cmigrate -q delete --force web || true
}

@test "the scheduler: a move, and where each of its ends leads" {
	# Standby moves it live.
	state running@rhel01 standby@rhel01
	leads_to 'migrate_to rhel01;migrate_from rhel02;stop rhel01'
	# It was moved: what is left is the source's stop, which the agent answers by 0.
	state migrate_to@rhel01=0 migrate_from@rhel02=0 standby@rhel01
	leads_to 'stop rhel01'
	# Undone, or its time is up: nothing is touched, until the agent has settled it.
	for failure in 1 timeout; do
		state migrate_to@rhel01=$failure standby@rhel01
		leads_to ''
		state migrate_to@rhel01=$failure
		leads_to ''
	done
	# Two active, found by a probe: the one that is unexpected is stopped.
	state running@rhel01 running@rhel02
	leads_to 'stop rhel02'
}

@test "the scheduler: lost nodes, and a probe before the mount" {
	# The owner is lost: first it is fenced, then the container is started elsewhere.
	state running@rhel01 lost@rhel01
	leads_to 'fence rhel01;start rhel02'
	# The source is lost in the middle of a move, and so is the destination.
	state migrating@rhel01 lost@rhel01
	leads_to 'stop rhel02;fence rhel01;start rhel02'
	state migrate_to@rhel01=1 lost@rhel02
	leads_to 'fence rhel02'
	# A node whose shared directory is not mounted says 7.
	state stopped@rhel01 stopped@rhel02 stopped@rhel03
	leads_to 'start rhel01'
}

@test "the scheduler: with the settings of other agents an undone move would be a restart" {
	state migrate_to@rhel01=1
	sed -i 's/ on-fail="block"//; s/stop_unexpected/stop_start/' "$BATS_TEST_TMPDIR/cib.xml"
	run transition
	[[ $output == *stop* || $output == *recover* ]]
}

@test "the agent knows whether a ban would stop the container" {
	state migrate_to@rhel01=1
	ban_is harmless rhel02
	state migrate_to@rhel01=1 standby@rhel01
	ban_is harmless rhel02
	state migrate_to@rhel01=1 standby@rhel01 standby@rhel03
	ban_is harmful rhel02
	state migrate_to@rhel01=1 standby@rhel01 lost@rhel03
	ban_is harmful rhel02
}
