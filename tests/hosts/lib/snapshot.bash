# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# What a host looks like, to be compared with what it looks like later.

# What criu finds out about a kernel once is kept in /run: before the first comparison.
learn_kernels() {
	on rhel01 criu check >/dev/null 2>&1 || true
	on rhel02 criu check >/dev/null 2>&1 || true
}

# Prints all that a move could leave on a host. "same" as second argument: the very same processes
# of the containers too, not only programs of the same name. Announcements are let come to their end.
look_at() { # HOST [same]
	on "$1" bash -c '
		section() { printf "== %s\n" "$1"; }
		for _ in {1..400}; do
			pgrep -x arping >/dev/null || break
			sleep 0.01
		done
		section programs
		own=$(ps -o sid= -p $$)
		ps -eo sid,args | awk -v own="$own" "NR > 1 && \$1 != own {\$1 = \"\"; print}" | grep -v -E "sshd-(session|auth)" | sort
		section addresses
		ip addr | sed "s# tentative##"
		section links
		ip link
		section routes
		ip route; ip -6 route
		section qdiscs
		tc qdisc
		tc filter show dev eth0 parent ffff: 2>/dev/null
		section rules
		nft list ruleset 2>&1
		iptables-save | grep -v -e "^#" -e "^:"
		ip6tables-save | grep -v -e "^#" -e "^:"
		section settings
		sysctl -a 2>/dev/null | grep -E "^net.ipv[46].conf.(eth0|all|default)\."
		section files
		find /run /tmp -printf "%y %m %u %p\n" 2>/dev/null | grep -v -e " /run/runc\$" -e " /run/runc/[^/]*/" -e " /run/criu.kdat\$" -e " /tmp/[a-z-]*\.\(out\|err\|pid\)$" |
			sed "s#^d [0-7]* \(.* /run/runc/[^/]*\)\$#d \1#" | sort
		section bundles
		# The record of the moves is meant to stay.
		[ ! -d /runc/containers ] || find /runc/containers \( -name .cmigrate -o -path "*/.cmigrate/history" \) -o -printf "%y %m %u %p\n" -type f -size -1000k -exec cksum {} + | sort
		section containers
		if [ "$1" = same ]; then
			runc list 2>/dev/null
		else
			runc list --format json 2>/dev/null | jq -r ".[]? | \"\(.id) \(.status)\""
		fi
		true' - "${2:-}" 2>&1
}

# Remembers how all hosts look, in $BATS_TEST_TMPDIR.
remember() { # [same] HOST...
	local same='' host looks=()
	if [[ $1 == same ]]; then
		same=same
		shift
	fi
	remembered=("$@") remembered_same=$same
	for host in "$@"; do
		look_at "$host" "$same" >"$BATS_TEST_TMPDIR/$host.before" &
		looks+=($!)
	done
	wait "${looks[@]}"
	for host in "$@"; do
		grep -q -x '== containers' "$BATS_TEST_TMPDIR/$host.before"
	done
}

host_is_as_before() { # HOST
	look_at "$1" "$remembered_same" >"$BATS_TEST_TMPDIR/$1.after"
	cmp -s "$BATS_TEST_TMPDIR/$1.before" "$BATS_TEST_TMPDIR/$1.after"
}

# All hosts look as remembered. An announcement's repetition and a closed session take a moment.
unchanged() {
	local host
	for host in "${remembered[@]}"; do
		if ! wait_until 5 host_is_as_before "$host" 2>/dev/null; then
			echo "$host is not as it was:"
			diff -U 1 "$BATS_TEST_TMPDIR/$host.before" "$BATS_TEST_TMPDIR/$host.after"
			return 1
		fi
	done
}

# The rules of a host and of its network namespaces as iptables-save and nft print them, byte for byte
# but the times of iptables-save and its counters of chains.
rules_of() { # HOST
	on "$1" sh -c 'nft list ruleset; iptables-save; ip6tables-save; ls /run/netns 2>/dev/null | while read -r n; do
		nsenter --net="/run/netns/$n" -- sh -c "nft list ruleset; iptables-save; ip6tables-save"; done' |
		sed -e '/^#/d' -e 's/^\(:.*\) \[.*/\1/'
}

remember_rules() {
	local host
	for host in rhel01 rhel02; do
		rules_of $host >"$BATS_TEST_TMPDIR/$host.rules"
	done
}

rules_are_as_before() {
	local host
	for host in rhel01 rhel02; do
		rules_of $host | diff -U 3 "$BATS_TEST_TMPDIR/$host.rules" -
	done
}
