#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Where CRIU locks connections by rules of its own: those of a move go, all others stay.

load lib/lab
load lib/containers
load lib/traffic
load lib/snapshot
load lib/faults

address=10.99.0.101
address6=fd99::101

setup_file() {
	start_lab t-locks 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	make_redis cache $address/32 --label org.cmigrate.address=$address/32,$address6/128
	start_container rhel01 cache
	claim_criu rhel01 3.18
	claim_criu rhel02 3.18
}

teardown() {
	local host
	unwrap rhel01 rhel02
	for host in client rhel01 rhel02; do
		on $host sh -c 'nft flush ruleset; rm -rf /etc/criu' >/dev/null 2>&1 || true
	done
	remove_containers rhel01 rhel02
}

lock_by() { # iptables|nftables
	local host
	for host in rhel01 rhel02; do
		on $host sh -c 'mkdir -p /etc/criu && echo "network-lock $1" >/etc/criu/runc.conf' - "$1"
	done
}

# An operator's rules that look like cmigrate's and CRIU's, and like those of another move.
add_lookalikes() {
	local host
	for host in rhel01 rhel02; do
		on $host nft -f - <<-END
			table inet cmigrate_x {
				chain in {
					type filter hook input priority 7; policy accept;
					ip daddr $address tcp dport 81 drop
				}
			}
			table inet filter {
				chain input {
					type filter hook input priority 0; policy accept;
					tcp dport 9999 meta mark != 0xc114 drop
				}
			}
			table inet CRIU-1 {
				set conns4 {
					type ipv4_addr . inet_service . ipv4_addr . inet_service
					elements = { 10.99.0.250 . 1234 . $address . 6379 }
				}
				chain input {
					type filter hook input priority 0; policy accept;
					meta mark 0xc114 accept
					ip saddr . tcp sport . ip daddr . tcp dport @conns4 drop
				}
			}
		END
		on $host sh -c '
			for tool in "iptables 192.0.2.9 $1" "ip6tables 2001:db8::9 $2"; do
				set -- $tool
				"$1" -A INPUT -p tcp -m mark ! --mark 0xC114 --source "$2" --sport 1234 --destination "$3" --dport 6379 -j DROP
				"$1" -A OUTPUT -p tcp -m mark ! --mark 0xC114 --source "$3" --sport 6379 --destination "$2" --dport 1234 -j DROP
				"$1" -A INPUT -p tcp --dport 9998 -j DROP
				shift $#
			done' - $address $address6
	done
}

# CRIU's rules of a move that is under way or was interrupted.
criu_has_locked() { # HOST iptables|nftables
	case $2 in
	iptables) on "$1" iptables-save | grep -q -- "-d $address/32 .* --mark 0xc114 .*--dport 6379 -j DROP" ;;
	nftables) on "$1" nft list tables | grep -q 'inet CRIU-[0-9a-f]\{8\}' ;;
	esac
}

start_clients() {
	start_client four incrementer $address 6379 four
	start_client six incrementer $address6 6379 six
}

clients_lost_nothing() {
	local key report
	for key in four six; do
		report=$(end_client $key)
		say "$key: $report"
		[[ $(jq .fault <<<"$report") == null ]]
		[[ $(on client redis-cli -h $address get $key) == "$(jq .replies <<<"$report")" ]]
	done
}

# A copy of the rules while the container is nowhere: taken by the runc that is to restore.
look_at_restore() { # FAIL
	wrap_runc rhel02 "[ -z \"\$restoring\" ] || { ssh -n rhel01 'iptables-save; nft list tables' >/var/seen; $1; }"
}

locked_at_restore() { # iptables|nftables
	case $1 in
	iptables) on rhel02 grep -q -- "-d $address/32 .* --mark 0xc114 .*--dport 6379 -j DROP" /var/seen ;;
	nftables) on rhel02 grep -q 'inet CRIU-[0-9a-f]\{8\}' /var/seen ;;
	esac
}

moved_and_undone() { # iptables|nftables
	local status=0
	lock_by "$1"
	remember_rules
	start_clients
	look_at_restore 'true'
	on rhel01 cmigrate -q move --skip-check criu-kernel cache rhel02
	locked_at_restore "$1"
	rules_are_as_before
	unwrap rhel01 rhel02
	claim_criu rhel01 3.18
	claim_criu rhel02 3.18
	on rhel02 cmigrate -q move --skip-check criu-kernel cache rhel01
	rules_are_as_before
	look_at_restore 'exit 1'
	on rhel01 cmigrate -q move --skip-check criu-kernel cache rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 4 ]]
	locked_at_restore "$1"
	rules_are_as_before
	runs_only_on rhel01 cache $address
	clients_lost_nothing
}

recovered() { # iptables|nftables
	local where
	lock_by "$1"
	remember_rules
	start_clients
	# Nobody runs it, its images are complete; the destination runs it; the source had not been dumped.
	for where in restore:before release:before dump:before; do
		on rhel01 env CMIGRATE_FAULT=$where cmigrate -q move --skip-check criu-kernel cache rhel02 >/dev/null 2>&1 || true
		[[ $where == dump:before ]] || criu_has_locked rhel01 "$1"
		on rhel01 cmigrate -q recover cache
		rules_are_as_before
		if [[ $(state_of rhel02 cache) == running ]]; then
			on rhel02 cmigrate -q move --skip-check criu-kernel cache rhel01
		fi
		runs_only_on rhel01 cache $address
	done
	rules_are_as_before
	end_client four >/dev/null
	end_client six >/dev/null
}

# bats test_tags=all
@test "rules of iptables: moved and undone, where there were none before" {
	moved_and_undone iptables
}

@test "rules of iptables: moved and undone, beside the operator's" {
	add_lookalikes
	moved_and_undone iptables
}

# bats test_tags=all
@test "tables of nftables: moved and undone, beside the operator's" {
	add_lookalikes
	moved_and_undone nftables
}

# bats test_tags=all
@test "rules of iptables: recovered, beside the operator's" {
	add_lookalikes
	recovered iptables
}

@test "tables of nftables: recovered, beside the operator's" {
	add_lookalikes
	recovered nftables
}

@test "a criu that the operator told to lock does so, and its rules go" {
	unwrap rhel01 rhel02
	add_lookalikes
	lock_by iptables
	remember_rules
	start_clients
	look_at_restore 'true'
	on rhel01 cmigrate -q move cache rhel02
	locked_at_restore iptables
	rules_are_as_before
	clients_lost_nothing
}

# bats test_tags=all
@test "without locks of CRIU: moved, undone and recovered, the operator's rules stay" {
	local status=0
	unwrap rhel01 rhel02
	add_lookalikes
	remember_rules
	on rhel01 cmigrate -q move cache rhel02
	rules_are_as_before
	on rhel02 cmigrate -q move cache rhel01
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	on rhel01 cmigrate -q move cache rhel02 2>/dev/null || status=$?
	[[ $status -eq 4 ]]
	rules_are_as_before
	unwrap rhel02
	on rhel01 env CMIGRATE_FAULT=restore:after cmigrate -q move cache rhel02 >/dev/null 2>&1 || true
	on rhel01 cmigrate -q recover cache
	rules_are_as_before
	runs_only_on rhel02 cache $address
}
