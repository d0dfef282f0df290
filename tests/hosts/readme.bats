#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# The commands of README.md, as they stand, from nothing to a finished move. What stands behind "sh" on a
# fence says where: "machine" is the one that builds, "rhel01" a host that has nothing of cmigrate yet,
# "not run" has a reason.

bats_require_minimum_version 1.5.0

load lib/lab

top=$BATS_TEST_DIRNAME/../..

# Prints the commands of all blocks for PLACE, in their order.
commands() { # PLACE
	awk -v place="$1" '
		/^```/ { open = !open; inside = open && $0 == "```sh " place; next }
		inside' "$top/README.md"
}

setup_file() {
	start_lab t-readme 600
}

teardown_file() {
	end_lab
}

@test "every block says where it runs, and what is not run says why" {
	run awk '
		/^```/ { inside = !inside; if (inside) { fence = $0; shell = /^```sh/ } next }
		inside && fence == "```" && /^(\$ |# )?(cmigrate|make|ssh|scripts)[ -\/]/ { print "a command in a block without a place: " $0 }
		inside && shell && fence !~ /^```sh (machine|rhel01|not run: .+)$/ { print "unknown place: " fence }' "$top/README.md"
	echo "$output"
	[ -z "$output" ]
	[ "$(grep -c '^```sh not run: ' "$top/README.md")" -le 1 ]
	[ "$(commands machine | wc -l)" -ge 4 ]
	[ "$(commands rhel01 | wc -l)" -ge 20 ]
}

@test "on the machine: the demo, the build, the package" {
	# Not over what this machine has installed. With the flags of the existing build; with others it would be
	# compiled again, also under the tests that run at the same time.
	export DESTDIR=$BATS_FILE_TMPDIR/machine
	[[ -z ${TEST_MAKE_FLAGS:-} ]] || export ${TEST_MAKE_FLAGS?}
	unset MAKEFLAGS MFLAGS MAKELEVEL LAB_NAME
	commands machine >"$BATS_TEST_TMPDIR/commands"
	cat "$BATS_TEST_TMPDIR/commands"
	(cd "$top" && bash -e -x "$BATS_TEST_TMPDIR/commands" </dev/null 3>&-)
	[ -x "$DESTDIR/usr/local/bin/cmigrate" ]
	[ -n "$(ls "$top"/build/cmigrate_*.deb)" ]
}

# A newcomer can log in on rhel02 with a password, and with nothing else.
let_log_in() {
	on rhel01 rm -rf /root/.ssh
	on rhel02 rm -rf /root/.ssh
	on rhel02 sh -c 'echo root:secret | chpasswd
		sed -i "s/^PermitRootLogin.*/PermitRootLogin yes/;s/^PasswordAuthentication.*/PasswordAuthentication yes/" /etc/ssh/sshd_config.d/lab.conf
		kill -HUP "$(cat /run/sshd.pid)"'
	on rhel01 sh -c 'printf "#!/bin/sh\necho secret\n" >/usr/local/bin/types-the-password && chmod 755 /usr/local/bin/types-the-password'
	# sshd starts itself anew.
	wait_on rhel01 10 'SSH_ASKPASS=types-the-password SSH_ASKPASS_REQUIRE=force ssh root@rhel02 true 2>/dev/null'
}

@test "on rhel01: keys, a container, a move there and back, checkpoint, restore, the restricted key" {
	let_log_in
	# Hosts without any cmigrate; what the machine installed is copied to the first.
	for host in rhel01 rhel02 client; do
		on $host rm -f /usr/local/bin/cmigrate /usr/local/sbin/cmigrate
	done
	on rhel01 sh -c 'cat >/usr/local/bin/cmigrate && chmod 755 /usr/local/bin/cmigrate' \
		<"$BATS_FILE_TMPDIR/machine/usr/local/bin/cmigrate"
	# The network of the examples.
	on rhel01 ip addr add 192.0.2.1/24 dev eth0
	on rhel02 ip addr add 192.0.2.2/24 dev eth0
	on client ip addr add 192.0.2.200/24 dev eth0
	commands rhel01 | on rhel01 sh -c 'cat >/root/commands'
	run on rhel01 env SSH_ASKPASS=types-the-password SSH_ASKPASS_REQUIRE=force \
		bash -c 'cd && bash -e -x commands </dev/null'
	echo "$output"
	[ "$status" -eq 0 ]
	# The page was answered by the one and by the other.
	[ "$(grep -x -e rhel01 -e rhel02 <<<"$output" | head -n 2 | tr '\n' ' ')" = 'rhel01 rhel02 ' ]
	[[ $output == *"moved 'web' from rhel01 to rhel02: "*"moved 'web' from rhel02 to rhel01: "* ]]
	[[ $output == *"gate-keeper: refused the command 'id': "* ]]
	# The restricted key was used, not the other: without that it still works.
	on rhel01 rm -f /root/.ssh/id_ed25519
	on rhel01 env -u CMIGRATE_CONFIG cmigrate run --on rhel02 web
	[[ $(on client curl -s -m $patience http://192.0.2.100/) == rhel02 ]]
	on rhel01 env -u CMIGRATE_CONFIG cmigrate -q delete --force web
}
