#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# What a move leaves behind: nothing; and what it must not touch: the operator's rules and filters.

load lib/lab
load lib/containers
load lib/snapshot

setup_file() {
	start_lab t-clean 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	make_web web 10.99.0.100/32 --label org.cmigrate.address=10.99.0.100/32,fd99::100/128
}

teardown() {
	remove_containers rhel01 rhel02
	for host in rhel01 rhel02; do
		on $host sh -c 'nft flush ruleset; tc qdisc del dev eth0 ingress; tc qdisc del dev eth0 clsact' >/dev/null 2>&1 || true
	done
}

there_and_back() {
	on rhel01 cmigrate -q move web rhel02
	on rhel02 cmigrate -q move web rhel01
}

# bats test_tags=all
@test "after a move there and back all hosts are as before" {
	start_container rhel01 web
	remember rhel01 rhel02 client
	there_and_back
	unchanged
}

@test "the same from a third host, and with images kept on request only" {
	start_container rhel01 web
	remember rhel01 rhel02 client
	on client cmigrate -q move web rhel02 --from rhel01
	on client cmigrate -q move web rhel01 --from rhel02
	unchanged
	on rhel01 cmigrate -q move --keep-images web rhel02
	[[ -n $(on rhel02 find /runc/containers/web -name 'pages-1.img') ]]
}

operator_rules() { # HOST
	on "$1" nft -f - <<-'END'
		table inet mine {
			chain in {
				type filter hook input priority -300; policy accept;
				tcp dport 9999 drop
				ip daddr 10.99.0.100 tcp dport 81 reject
			}
		}
		table netdev mine {
			chain in {
				type filter hook ingress device "eth0" priority 0; policy accept;
				ip saddr 192.0.2.9 drop
			}
		}
	END
	on "$1" iptables -A INPUT -p tcp --dport 9998 -j DROP
}

@test "the operator's own nft and iptables rules stay" {
	operator_rules rhel01
	operator_rules rhel02
	start_container rhel01 web
	remember rhel01 rhel02
	there_and_back
	unchanged
}

@test "the operator's own ingress qdisc and filters stay" {
	for host in rhel01 rhel02; do
		on $host tc qdisc add dev eth0 handle ffff: ingress
		on $host tc filter add dev eth0 parent ffff: protocol ip prio 10 u32 match ip src 192.0.2.7/32 flowid 1:1
		on $host tc filter add dev eth0 parent ffff: protocol ipv6 prio 49000 u32 match ip6 src 2001:db8::7/128 flowid 1:1
	done
	start_container rhel01 web
	remember rhel01 rhel02
	there_and_back
	unchanged
}

# bats test_tags=all
@test "the operator's own clsact qdisc stays" {
	for host in rhel01 rhel02; do
		on $host tc qdisc add dev eth0 clsact
		on $host tc filter add dev eth0 ingress protocol ip prio 10 u32 match ip src 192.0.2.7/32 flowid 1:1
		on $host tc filter add dev eth0 egress protocol ip prio 10 u32 match ip dst 192.0.2.7/32 flowid 1:1
	done
	start_container rhel01 web
	remember rhel01 rhel02
	there_and_back
	unchanged
}
