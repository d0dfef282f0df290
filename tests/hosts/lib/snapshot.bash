# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# What a host looks like, to be compared with what it looks like later.

# What criu finds out about a kernel once is kept in /run: before the first comparison.
learn_kernels() {
	on rhel01 criu check >/dev/null 2>&1 || true
	on rhel02 criu check >/dev/null 2>&1 || true
}

# Prints all that a move could leave on a host: programs/look.py.
look_at() { # HOST [same]
	on "$1" python3 -S -E /opt/cmigrate/tests/hosts/programs/look.py "${@:2}"
}

# Remembers how all hosts look, in the directory $looks, a test's own where that is not set.
remember() { # [same] HOST...
	local host
	remembered_same=()
	if [[ $1 == same ]]; then
		remembered_same=(same)
		shift
	fi
	remembered=("$@")
	for host in "$@"; do
		look_at "$host" "${remembered_same[@]}" >"${looks:-$BATS_TEST_TMPDIR}/$host.before"
		[[ $(<"${looks:-$BATS_TEST_TMPDIR}/$host.before") == *'== containers'* ]]
	done
}

host_is_as_before() { # HOST
	look_at "$1" "${remembered_same[@]}" >"$BATS_TEST_TMPDIR/$1.after"
	[[ $(<"${looks:-$BATS_TEST_TMPDIR}/$1.before") == "$(<"$BATS_TEST_TMPDIR/$1.after")" ]]
}

# All hosts look as remembered. An announcement's repetition and a closed session take a moment.
unchanged() {
	local host
	for host in "${remembered[@]}"; do
		if ! wait_until 10 host_is_as_before "$host" 2>/dev/null; then
			echo "$host is not as it was:"
			diff -U 1 "${looks:-$BATS_TEST_TMPDIR}/$host.before" "$BATS_TEST_TMPDIR/$host.after"
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
