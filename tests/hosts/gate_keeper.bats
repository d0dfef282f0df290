#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# A controller whose key is restricted to the gate-keeper, as examples/ssh has it: it can do all that
# cmigrate does, and nothing else.

bats_require_minimum_version 1.5.0

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

address=10.99.0.100
nonce=0123456789abcdef0123456789abcdef

setup_file() {
	local host
	start_lab t-gate-keeper 600
	on client ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/cron
	for host in rhel01 rhel02; do
		on "$host" ln -sf /usr/local/sbin/cmigrate /usr/local/bin/cmigrate
		# The example as it stands, but with this key; nothing else is let in any more.
		{
			grep -o '^restrict,.* ssh-ed25519 ' "$hosts_dir/../../examples/ssh/authorized_keys" | tr -d '\n'
			on client sh -c 'cut -d" " -f2 /root/.ssh/cron.pub'
		} | on "$host" sh -c 'cat >/root/.ssh/authorized_keys'
		# A system's log.
		on "$host" sh -c 'python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(\"/dev/log\")
while True:
    print(s.recv(4096).decode(), file=sys.stdout, flush=True)
" </dev/null >>/var/log/syslog 2>&1 &'
		wait_on "$host" 10 '[[ -S /dev/log ]]'
	done
	on client sh -c 'mkdir -p /etc/cmigrate && echo "{\"ssh\": {\"user\": \"root\",
		\"options\": [\"-i\", \"/root/.ssh/cron\", \"-o\", \"IdentitiesOnly=yes\"]},
		\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
}

teardown_file() {
	end_lab
}

setup() {
	make_web web $address/24
	on rhel01 truncate -s 0 /var/log/syslog
	on rhel02 truncate -s 0 /var/log/syslog
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
}

log_of() { # HOST
	on "$1" cat /var/log/syslog
}

nothing_refused() {
	local host
	for host in rhel01 rhel02; do
		if [[ -n $(log_of "$host") ]]; then
			echo "$host:"
			log_of "$host"
			return 1
		fi
	done
}

@test "run, list, status, check, move, checkpoint, restore, stop and delete through the key" {
	on client cmigrate -q run --on rhel01 web
	[[ $(on client cmigrate list) == *web*rhel01*running* ]]
	on client cmigrate status web
	on client cmigrate -q check web rhel02
	on client cmigrate -q move web rhel02
	runs_only_on rhel02 web $address
	[[ $(on client curl -s -m $patience http://rhel0x/) == rhel02 ]]
	on client cmigrate -q move --keep-logs web rhel01
	runs_only_on rhel01 web $address
	on client cmigrate -q recover --all
	on client cmigrate -q checkpoint web
	on client cmigrate -q restore web --on rhel02
	runs_only_on rhel02 web $address
	on client cmigrate -q stop web
	on client cmigrate -q run --on rhel01 web
	on client cmigrate -q delete --force web
	[[ -z $(state_of rhel01 web) ]]
	nothing_refused
}

# bats test_tags=all
@test "every flag for CRIU, both families of addresses, and one without any" {
	make_redis cache 10.99.0.101/24 --label org.cmigrate.address=10.99.0.101/24,fd99::101/64 \
		--label 'org.cmigrate.criu=--file-locks --ext-unix-sk --shell-job --link-remap --ghost-limit 2M'
	make_server plain '' 8000
	on client cmigrate -q run --on rhel01 cache
	on client cmigrate -q run --on rhel01 plain
	on client cmigrate -q move cache rhel02
	runs_only_on rhel02 cache 10.99.0.101
	on client cmigrate -q move cache rhel01
	on client cmigrate -q move plain rhel02
	runs_only_on rhel02 plain
	nothing_refused
}

# bats test_tags=all
@test "a network namespace of its own" {
	on rhel01 ip netns list
	for host in rhel01 rhel02; do
		on $host sh -c 'ip netns add n && ip link add v0 type veth peer name v1 netns n &&
			ip -n n link set v1 up && ip link set v0 up && ip -n n link set lo up'
	done
	make_server deep '' 8000
	on rhel01 sh -c 'cd /runc/containers/deep && jq ".linux.namespaces += [{type: \"network\", path: \"/run/netns/n\"}] |
		.annotations[\"org.cmigrate.address\"] = \"10.98.0.7/24@v1\"" config.json >new && mv new config.json'
	on client cmigrate -q run --on rhel01 deep
	on client cmigrate -q move --skip-check address,packets deep rhel02
	runs_only_on rhel02 deep
	on rhel02 ip -n n addr show to 10.98.0.7 | grep -q v1
	on client cmigrate -q stop deep
	nothing_refused
	on rhel01 ip netns del n
	on rhel02 ip netns del n
}

# The lock is given back when the host hears of its holder's end, a moment later.
recovered() { # NAME
	run on client cmigrate -q recover "$1"
	[ "$status" -ne 7 ]
}

died_at() { # STEP...
	local from=rhel01 to=rhel02 step
	for step in "$@"; do
		run on client env CMIGRATE_FAULT=$step:after cmigrate -q move web $to
		[ "$status" -eq 137 ]
		wait_until 10 recovered web
		echo "$step: $status $output"
		[ "$status" -eq 0 ]
		if [[ $(state_of $to web) == running ]]; then
			step=$from from=$to to=$step
		fi
		runs_only_on $from web $address
		[[ ! -e /runc/containers/web/.cmigrate ]]
	done
	nothing_refused
}

@test "a move that is undone, and moves that died, recovered through the key" {
	on client cmigrate -q run --on rhel01 web
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	run on client cmigrate -q move web rhel02
	[ "$status" -eq 4 ]
	unwrap rhel01 rhel02
	runs_only_on rhel01 web $address
	died_at dump restore
}

# bats test_tags=all
@test "moves that died at every step, recovered through the key" {
	on client cmigrate -q run --on rhel01 web
	died_at prepare hold address settle freeze dump restore release answer commit open-gate
}

# bats test_tags=all
@test "two at once: the second is told who holds the container" {
	on client cmigrate -q run --on rhel01 web
	hold_restores rhel02
	on client sh -c 'cmigrate -q move web rhel02 >/var/first.out 2>&1; echo $? >/var/first.status' &
	first=$!
	wait_on rhel02 60 '[[ -e /var/started ]]'
	run on client cmigrate -q move web rhel02
	echo "$output"
	[ "$status" -eq 7 ]
	[[ $output == *"another cmigrate holds"*"on client since"* ]]
	let_restores_go rhel02
	wait $first
	[[ $(on client cat /var/first.status /var/first.out) == 0 ]]
	nothing_refused
}

# Nothing has run: the marker, made by every attempt that got through, is not there.
refused() { # TEXT
	local host
	echo "status $status: $output"
	[[ $status -ne 0 && $output == *"$1"* ]]
	for host in rhel01 rhel02; do
		on "$host" sh -c '! ls /tmp/marker* /runc/containers/marker* 2>/dev/null'
	done
	[[ $(log_of rhel02) == *gate-keeper:*"$1"*"(from "*200" "* ]]
}

ssh_with_key() {
	on client ssh -i /root/.ssh/cron -o IdentitiesOnly=yes -o BatchMode=yes "$@"
}

@test "other commands than cmigrate's are refused, and logged" {
	for command in id 'touch /tmp/marker' 'sh -c "touch /tmp/marker"' 'exec sh' 'exec env PATH=/tmp sh' \
		'exec env CMIGRATE_VERSION=0.1.0 sh; touch /tmp/marker' 'exec env CMIGRATE_VERSION=$(touch /tmp/marker) sh' \
		'cmigrate list' '/usr/lib/openssh/sftp-server' 'scp -t /tmp/marker' 'rsync --server . /tmp' 'bash -i' ' ' ''; do
		on rhel02 truncate -s 0 /var/log/syslog
		run ssh_with_key rhel02 "$command" </dev/null
		refused refused
	done
}

@test "a shell, a terminal, sftp, scp and forwarding are refused" {
	run ssh_with_key rhel02 <<<'touch /tmp/marker'
	refused 'refused a shell'
	run ssh_with_key -tt rhel02 'touch /tmp/marker' </dev/null
	[[ $status -ne 0 && $output == *"PTY allocation request failed"* ]]
	on rhel02 test ! -e /tmp/marker
	# sftp and scp show nothing of what the other side says: it is in the log.
	for copy in "echo 'put /etc/hosts /tmp/marker' | sftp -b - %s rhel02" 'scp -O %s /etc/hosts rhel02:/tmp/marker' \
		'scp -s %s /etc/hosts rhel02:/tmp/marker'; do
		on rhel02 truncate -s 0 /var/log/syslog
		# shellcheck disable=SC2059 # %s is in each
		run on client sh -c "$(printf "$copy" '-i /root/.ssh/cron -o IdentitiesOnly=yes')"
		echo "$copy: $status $output"
		[ "$status" -ne 0 ]
		[[ $(log_of rhel02) == *"gate-keeper: refused"* ]]
		on rhel02 test ! -e /tmp/marker
	done
	# Through the host to its own sshd, from the outside and from the inside.
	run ssh_with_key -W 127.0.0.1:22 rhel02 </dev/null
	[ "$status" -ne 0 ]
	run ssh_with_key -N -o ExitOnForwardFailure=yes -R 2222:127.0.0.1:22 rhel02 </dev/null
	[ "$status" -ne 0 ]
	[[ $output == *"forwarding failed"* ]]
}

# What the sh at the end of a channel is sent, in the place of cmigrate.
says() { # TEXT
	ssh_with_key -T rhel02 exec env "CMIGRATE_VERSION=${theirs:-$(on client cmigrate --version | cut -d' ' -f2)}" sh <<<"$1"
}

line() { # WORDS
	printf "%s </dev/null; printf '\\\\n%%s %%d\\\\n' %s \$?; printf '\\\\n%%s\\\\n' %s >&2" "$1" $nonce $nonce
}

# The channel goes on behind a command that isn't allowed: it ended with 126.
not_allowed() { # COMMAND
	on rhel02 truncate -s 0 /var/log/syslog
	run says "$(line "$1")"
	[[ $output == *"$nonce 126"* ]] || { echo "$1: $output"; return 1; }
	status=126 refused "refused "
}

@test "through the channel too: only lines, scripts and arguments that cmigrate sends" {
	run says "$(line true)"
	[[ $output == *"$nonce 0"* ]]
	for text in 'touch /tmp/marker' 'true; touch /tmp/marker' "$(line 'true; touch /tmp/marker')" \
		"$(line 'echo $(touch /tmp/marker)')" "$(line 'true >/tmp/marker')" 'exec sh' 'exec touch /tmp/marker' \
		"$(line true | sed 's#</dev/null#</etc/passwd#')"; do
		on rhel02 truncate -s 0 /var/log/syslog
		run says "$text"
		refused refused
	done
	not_allowed 'touch /tmp/marker'
	not_allowed "sh -c 'touch /tmp/marker'"
	not_allowed "sh -c 'touch /tmp/marker' state web"
	not_allowed 'runc run -b /tmp/marker web'
	not_allowed 'runc pause ../x'
	not_allowed "runc pause ';touch /tmp/marker'"
	not_allowed 'test -d /etc'
	not_allowed 'head -c 1048577 /runc/containers/../../etc/shadow'
	not_allowed 'rm -f -- /runc/containers/web/config.json'
	[[ -e /proc/self ]]
	on rhel02 test -e /runc/containers/web/config.json
}

@test "an altered script is refused, and two versions are told apart" {
	text=$(line "sh -c 'touch /tmp/marker
' state web")
	run says "$text"
	status=126 refused "(state) web: the script's text differs from the one here"
	[[ $output != *"install the same"* ]]
	theirs=0.0.9 run says "$text"
	status=126 refused "the controller has cmigrate 0.0.9, this host"
	# As a person sees it.
	on client cmigrate -q run --on rhel01 web
	on rhel02 sh -c 'sed s#/bundle-root#/x# /root/.ssh/authorized_keys | sed "s#/runc/containers#/srv/bundles#" >/tmp/k && cat /tmp/k >/root/.ssh/authorized_keys && rm /tmp/k'
	run on client cmigrate -q move web rhel02
	on rhel02 sed -i 's#/srv/bundles#/runc/containers#' /root/.ssh/authorized_keys
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *rhel02*"gate-keeper: refused (facts) web"*"bundles are below '/srv/bundles' here"* ]]
	runs_only_on rhel01 web $address
}
