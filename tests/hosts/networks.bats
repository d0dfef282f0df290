#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Open connections on hosts that differ: without a queue, with several addresses, with a
# network namespace for the container.

load lib/lab
load lib/containers
load lib/traffic
load lib/snapshot
load lib/faults

setup_file() {
	start_lab t-networks 600
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	local host
	unwrap rhel01 rhel02
	for host in rhel01 rhel02; do
		on $host bash -c '
			rm -rf /etc/criu
			rm -f /usr/local/sbin/nft
			nft flush ruleset' >/dev/null 2>&1 || true
	done
	remove_containers rhel01 rhel02
	for host in rhel01 rhel02; do
		on $host ip netns del shop >/dev/null 2>&1 || true
	done
	for host in client rhel01 rhel02; do
		on $host ip link del two0 >/dev/null 2>&1 || true
	done
}

# As on a kernel that can't redirect packets.
redirect_nothing() {
	local host
	for host in rhel01 rhel02; do
		on $host sh -c 'cat >/usr/local/sbin/nft && chmod 755 /usr/local/sbin/nft' <<-'END'
			#!/bin/sh
			rules=$(cat)
			case $rules in
			*' fwd to "'*) echo 'Operation not supported' >&2; exit 1 ;;
			esac
			printf '%s\n' "$rules" | exec /usr/sbin/nft "$@"
		END
	done
}

start_clients() { # ADDRESS...
	local address
	keys=()
	for address in "$@"; do
		keys+=("c${#keys[@]}")
		start_client "${keys[-1]}" incrementer "$address" 6379 "${keys[-1]}"
	done
}

clients_lost_nothing() {
	local key report value
	for key in "${keys[@]}"; do
		report=$(end_client "$key")
		say "$key: $report"
		[[ $(jq .fault <<<"$report") == null ]]
		value=$(on client redis-cli -h 10.99.0.101 get "$key")
		echo "$key in the store: $value"
		[[ $value == "$(jq .replies <<<"$report")" ]]
	done
}

# There and back; the summaries say so of the packets.
moves_with_packets() { # queued|dropped [OPTION...]
	local way report
	for way in 'rhel01 rhel02' 'rhel02 rhel01'; do
		report=$(on client cmigrate --json move cache "${way#* }" --from "${way% *}" "${@:2}" | jq -c 'select(.event == "summary")')
		say "$way: $(jq -r '"frozen \(.freeze_ms) ms, outage \(.outage_ms) ms, packets \(.packets)"' <<<"$report")"
		[[ $(jq -r '.outcome + " " + .packets' <<<"$report") == "moved $1" ]]
		runs_only_on "${way#* }" cache
	done
}

cache_with_two_families() {
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32,fd99::101/128
	start_container rhel01 cache
	start_clients 10.99.0.101 fd99::101
}

@test "hosts that can't queue packets drop them, connections stay" {
	redirect_nothing
	cache_with_two_families
	remember rhel01 rhel02
	moves_with_packets dropped
	clients_lost_nothing
	unchanged
}

@test "two IPv4 addresses and an IPv6 one move together" {
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32,10.99.0.103/32,fd99::101/128
	start_container rhel01 cache
	start_clients 10.99.0.101 10.99.0.103 fd99::101
	remember rhel01 rhel02
	moves_with_packets queued
	clients_lost_nothing
	unchanged
}

# "two0" is a second device, on the same wire, with a network of its own.
add_second_device() {
	local host n=0
	for host in client rhel01 rhel02; do
		n=$((n + 1))
		on $host ip -batch - <<-END
			link add link eth0 name two0 type macvlan mode bridge
			link set two0 up
			addr add 10.98.0.11$n/24 dev two0
		END
	done
}

@test "addresses on two devices: packets are sent on in the network of each" {
	local sent
	add_second_device
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32@eth0,10.98.0.101/24@two0
	start_container rhel01 cache
	start_clients 10.99.0.101 10.98.0.101
	remember rhel01 rhel02
	sent=$(on client cmigrate -v move cache rhel02 --from rhel01 2>&1) || { echo "$sent"; false; }
	[[ $sent == *' forward op=set '*' address=10.99.0.101/32@eth0 address=10.98.0.101/24@two0 hop=10.99.0.'*' hop=10.98.0.113'* ]]
	runs_only_on rhel02 cache
	clients_lost_nothing
}

# "shop": a network namespace on both hosts, on the wire by a macvlan of eth0. By that a host doesn't reach
# its own one, so moves are made from the client.
make_namespaces() {
	local n
	for n in 1 2; do
		on rhel0$n bash -c '
			ip netns add shop
			ip link add link eth0 name shop0 type macvlan mode bridge
			ip link set shop0 netns shop
			ip -n shop -batch - <<-END
				link set lo up
				link set shop0 up
				addr add 10.99.0.11$1/24 dev shop0
				addr add fd99::11$1/64 dev shop0 nodad
			END' - $n
	done
}

cache_in_namespace() {
	make_namespaces
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32,fd99::101/128
	on rhel01 bash -c '
		cd /runc/containers/cache
		jq ".linux.namespaces += [{type: \"network\", path: \"/run/netns/shop\"}]" config.json >new && mv new config.json'
	on client cmigrate -q run cache --on rhel01
	start_clients 10.99.0.101 fd99::101
}

# What is in the namespaces: devices, addresses, qdiscs and rules.
look_into_namespaces() {
	local host
	for host in rhel01 rhel02; do
		on $host nsenter --net=/run/netns/shop -- sh -c 'ip addr | sed "s# tentative##"; ip route; ip -6 route; tc qdisc; nft list ruleset; iptables-save; ip6tables-save; sysctl -a 2>/dev/null | grep ndisc_notify' |
			sed -e '/^#/d' -e '/^:/s/\[.*//'
	done
}

@test "a container in a network namespace given by its path" {
	cache_in_namespace
	look_into_namespaces >"$BATS_TEST_TMPDIR/before"
	remember rhel01 rhel02
	moves_with_packets queued
	clients_lost_nothing
	unchanged
	look_into_namespaces | diff -U 2 "$BATS_TEST_TMPDIR/before" -
}

# bats test_tags=all
@test "the same, undone" {
	local status=0
	cache_in_namespace
	look_into_namespaces >"$BATS_TEST_TMPDIR/before"
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	on client cmigrate -q move cache rhel02 --from rhel01 2>/dev/null || status=$?
	[[ $status -eq 4 ]]
	clients_lost_nothing
	look_into_namespaces | diff -U 2 "$BATS_TEST_TMPDIR/before" -
}

# bats test_tags=all
@test "the same where CRIU locks that namespace, by iptables and by nftables" {
	local backend host
	cache_in_namespace
	look_into_namespaces >"$BATS_TEST_TMPDIR/before"
	claim_criu rhel01 3.18
	claim_criu rhel02 3.18
	for backend in iptables nftables; do
		for host in rhel01 rhel02; do
			on $host sh -c 'mkdir -p /etc/criu && echo "network-lock $1" >/etc/criu/runc.conf' - "$backend"
		done
		moves_with_packets queued --skip-check criu-kernel
		look_into_namespaces | diff -U 2 "$BATS_TEST_TMPDIR/before" -
	done
	clients_lost_nothing
}

@test "an ssh connection that comes from the service address is refused with the remedy" {
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=fd99::101/64 \
		--label 'org.cmigrate.endpoint=tcp://[fd99::101]:6379'
	on rhel01 ip addr add fd99::101/64 dev eth0 nodad
	on rhel01 runc run --detach --bundle /runc/containers/cache cache </dev/null >/dev/null 2>&1
	# The host of that name is reached from the address that the kernel would have taken by itself.
	on rhel01 bash -c 'printf "{\"ssh\": {\"options\": [\"-b\", \"fd99::101\"]}, \"hosts\": {\"rhel01\": {}, \"rhel02\": {\"ssh\": \"root@fd99::2\"}}}" >/var/config.json'
	run on rhel01 cmigrate --config /var/config.json move cache rhel02
	echo "$output"
	[[ $status -eq 3 ]]
	[[ $output == *"comes from service address fd99::101"*preferred_lft* ]]
	run on rhel01 cmigrate check cache rhel02
	echo "$output"
	[[ $output == *"may use service address fd99::101"* ]]
	on rhel01 ip -6 addr change fd99::101/64 dev eth0 preferred_lft 0
	run on rhel01 cmigrate check cache rhel02
	[[ $output != *"may use service address"* ]]
	on rhel01 cmigrate -q move cache rhel02
	runs_only_on rhel02 cache fd99::101
	on rhel01 rm -f /var/config.json
}
