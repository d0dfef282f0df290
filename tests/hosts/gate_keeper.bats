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
	on client cmigrate -q move --keep-logs --transport direct --encrypt required web rhel01
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
	on client cmigrate -q move --strategy post-copy --encrypt required plain rhel02
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

ssh_with_key() {
	on client ssh -i /root/.ssh/cron -o IdentitiesOnly=yes -o BatchMode=yes "$@"
}

# Nothing has run: the marker, made by every attempt that got through, is not there.
refused() { # TEXT
	local host
	echo "status $status: $output"
	[[ $status -ne 0 && $output == *"$1"* ]]
	for host in rhel01 rhel02; do
		on "$host" sh -c '! ls /tmp/marker* /runc/containers/marker* 2>/dev/null'
	done
	[[ $(log_of rhel02) == *gate-keeper:*"$1"*"(from "*" 22)"* ]]
}

@test "commands that start no agent are refused, and logged" {
	for command in id 'touch /tmp/marker' 'sh -c "touch /tmp/marker"' 'exec sh' 'exec env PATH=/tmp sh' \
		'cmigrate list' '/usr/lib/openssh/sftp-server' 'scp -t /tmp/marker' 'rsync --server . /tmp' 'bash -i' ' '; do
		on rhel02 truncate -s 0 /var/log/syslog
		run ssh_with_key rhel02 "$command" </dev/null
		refused "refused the command '${command%% *}"
	done
}

@test "a command that looks like one for an agent is not executed: it gets the agent" {
	for command in 'touch /tmp/marker; x serve --kept x' 'x serve --kept x; touch /tmp/marker' \
		'exec /usr/bin/touch serve --kept /tmp/marker' 'x serve --kept $(touch /tmp/marker)' \
		'x serve --kept /tmp/marker --bundle-root /etc'; do
		run ssh_with_key rhel02 "$command" </dev/null
		echo "$command: $output"
		[[ ${lines[0]} == 'cmigrate-agent hello' ]]
		on rhel02 test ! -e /tmp/marker
		run says --root /etc --command "$command" <<<'ready count=1'
		[[ $output == "last this key is for bundles below '/runc/containers' alone" ]]
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

# Prints what an agent on rhel02 answers to programs/agent_client.py, which reads what it sends from stdin.
says() { # [--root DIR] [--hello WORDS] [--command COMMAND]
	local command='exec /x serve --kept /x'
	local -a words=()
	while [[ $# -gt 0 ]]; do
		case $1 in
		--command) command=$2 ;;
		*) words+=("$1" "$2") ;;
		esac
		shift 2
	done
	on client timeout "$(scaled 60)" python3 /opt/cmigrate/tests/hosts/programs/agent_client.py "${words[@]}" \
		ssh -T -i /root/.ssh/cron -o IdentitiesOnly=yes -o BatchMode=yes rhel02 "$command"
}

# Each line of stdin is a request. Each is refused with a reason, which the log has too, and the next one is heard.
each_is_refused() {
	local line
	local -a asked=() logged=()
	mapfile -t asked
	on rhel02 truncate -s 0 /var/log/syslog
	run says <<<"$(printf '%s\n' "${asked[@]}" 'ready count=1')"
	echo "$output"
	[[ ${#lines[@]} -eq $((${#asked[@]} + 1)) ]]
	[[ ${lines[-1]} == '0 ' ]]
	mapfile -t logged < <(log_of rhel02)
	for line in "${!asked[@]}"; do
		echo "${asked[line]}: ${lines[line]}"
		[[ ${lines[line]} == '126 gate-keeper: refused: '* ]]
		[[ ${logged[line]} == *"${lines[line]#126 }"*' (from '*' 22)' ]]
	done
}

@test "verbs and fields that no agent knows, or that are not there, are refused" {
	each_is_refused <<-'END'
		sh -c 'touch /tmp/marker'
		exec 'touch /tmp/marker'
		touch /tmp/marker
		FREEZE container=web
		freeze
		freeze container=
		freeze web
		freeze container=web container=other
		freeze container=web bind=/etc
		freeze container=web container
		freeze container=web =web
		freeze Container=web
		lock container=web
		store container=web op=read
		hold op=set address=10.99.0.100/24@eth0
	END
	on rhel02 test ! -e /tmp/marker
}

@test "values that lead elsewhere are refused in every kind of field" {
	local web='store container=web op=read' id=20260101T000000-0123abcd tab=$'\t'
	on rhel02 sh -c 'mkdir -p /runc/containers/web /tmp/elsewhere && echo secret >/tmp/elsewhere/config.json'
	on rhel02 mount --bind /tmp/elsewhere /srv
	each_is_refused <<-END
		config container=../../../tmp/elsewhere
		config container=..
		config container=.
		config container=web/../../x
		config container=/tmp/elsewhere
		config container=-web
		config container='web;touch /tmp/marker'
		config container='\$(touch /tmp/marker)'
		$web file=../config.json
		$web file=lock
		$web file=/etc/shadow
		$web file='journal '
		images container=web id=../../../tmp
		images container=web id=$id/../x
		images container=web id=$id images=../../etc
		images container=web id=$id images=etc
		clean container=web id=..
		clean container=web id=$id keep=/etc
		logs container=web id='*'
		facts container=web id=$id role=source strategy=cold bind=../etc
		facts container=web id=$id role=source strategy=cold bind=/runc/../etc
		facts container=web id=$id role=source strategy=cold peer=-oProxyCommand=touch
		facts container=web id=$id role=source strategy=cold ip=0x7f.1
		facts container=web id=$id role='source;id' strategy=cold
		place op=set netns=/dev/null address=10.99.0.100/24@eth0
		place op=set netns=/etc/passwd address=10.99.0.100/24@eth0
		place op=set netns=../run/netns/n address=10.99.0.100/24@eth0
		place op=set address=10.99.0.100/24@../../etc
		place op=set address=10.99.0.100/24@..
		place op=set address=10.99.0.100/99@eth0
		place op=set address='10.99.0.100/24@eth0;touch'
		place op=set address=10.99.0.100
		hold op=set tag=../../xx address=10.99.0.100/24@eth0
		hold op=set tag='a; flush' address=10.99.0.100/24@eth0
		forward op=set tag=0123abcd address=10.99.0.100/24@eth0 hop='10.99.0.2; flush ruleset'
		guard op=set tag=0123abcd server=10.99.0.2 port=22 client=10.99.0.1
		cut op=cut container=web server=10.99.0.2 page-port=22
		fetch op=start container=web server=rhel01 page-port=80
		pass container=web id=$id pass=1/../x
		prepare container=web id=$id ghost-limit=-1
		end container=web seconds=forever
		ready count=many
		lock container=web stamp='one${tab}line'
	END
	on rhel02 umount /srv
	on rhel02 sh -c 'rm -r /tmp/elsewhere; test ! -e /tmp/marker'
}

@test "words that are no choice of their verb do nothing" {
	local request id=20260101T000000-0123abcd
	on client cmigrate -q run --on rhel02 web
	remember rhel02
	for request in 'store container=web op=erase file=journal' 'list op=all' 'path op=cat container=web' \
		'log container=web op=../../etc kind=passwd' 'log container=web op=read kind=shadow' \
		"prepare container=web id=$id role=source flag=exec" "dump container=web id=$id flag=action-script" \
		"restore container=web id=$id op=shell" "tmpfs op=read container=web id=$id" \
		'place op=shell address=10.99.0.100/24@eth0' 'hold op=none tag=0123abcd address=10.99.0.100/24@eth0'; do
		run says <<<"$request"
		echo "$request: $output"
		[[ $output == [1-9]* && ${#lines[@]} -eq 1 ]]
	done
	unchanged
	runs_only_on rhel02 web $address
}

@test "a container that runs from a bundle elsewhere is left alone" {
	local id=20260101T000000-0123abcd
	on client cmigrate -q run --on rhel02 web
	on rhel02 sh -c 'mkdir /tmp/mine && cd /tmp/mine && jq ".process.args = [\"sleep\", \"1000000\"]" /runc/containers/web/config.json >config.json &&
		runc run --detach mine </dev/null >/dev/null 2>&1'
	on rhel02 mkdir -p /runc/containers/mine
	each_is_refused <<-END
		freeze container=mine
		thaw container=mine
		loosen container=mine
		dump container=mine id=$id
		dump-go container=mine
		seize container=mine id=$id
		pass container=mine id=$id pass=1
		tmpfs op=save container=mine id=$id
		restore op=start container=mine id=$id
		break-off container=mine id=$id
		quota container=mine op=set quota=max
		erase container=mine op=all
		run container=mine
		end container=mine seconds=1
	END
	[[ $(state_of rhel02 mine) == running ]]
	run says <<<'freeze container=web
thaw container=web'
	[[ $output == $'0 \n0 ' ]]
	on rhel02 sh -c 'runc delete --force mine; rm -r /tmp/mine; rmdir /runc/containers/mine'
}

# The agent says one thing, logs it and ends.
ends_with() { # TEXT [OPTION...]; lines from stdin
	on rhel02 truncate -s 0 /var/log/syslog
	run says "${@:2}"
	echo "$1: $output"
	[[ $output == "last $1" ]]
	[[ $(log_of rhel02) == *"gate-keeper: refused: $1 (from "* ]]
	# Of each connection.
	wait_on rhel02 10 '! grep -q -x cmigrate-agent /proc/[0-9]*/comm 2>/dev/null'
}

@test "another root, another build, and what is no hello" {
	local other="this key is for bundles below '/runc/containers' alone"
	for root in / /etc /runc /runc/containers/ /runc/containers/web /runc/containers/../../etc ''; do
		ends_with "$other" --root "$root" <<<'ready count=1'
	done
	ends_with 'the controller has cmigrate 0.0.9, this host another build (0.1.0): install the same on both' \
		--hello 'cmigrate 1 0.0.9 0000 /runc/containers ""' <<<'ready count=1'
	ends_with 'the first words were not cmigrate'\''s' --hello 'ssh 1' <<<'ready count=1'
	ends_with 'the first words were not cmigrate'\''s' --hello 'cmigrate 1 0.1.0' <<<'ready count=1'
	ends_with 'a request came before the hello' --hello no <<<'list op=all'
}

@test "what is no protocol ends the connection" {
	local no='what came is not cmigrate'\''s protocol'
	ends_with "$no" <<<"@raw $(printf 'touch /tmp/marker\n' | od -An -v -tx1 | tr -d ' \n')"
	ends_with "$no" --hello no <<<"@raw $(head -c 4096 /dev/urandom | od -An -v -tx1 | tr -d ' \n' | sed 's/^..../ffff/')"
	ends_with "$no" <<<'@raw ffffffff0000000102000000'
	ends_with "$no" <<<'@raw 002000010000000102000000'
	ends_with "$no" <<<'@raw 000000000000000109000000'
	ends_with "$no" <<<'@raw 000000000000000102000001'
	ends_with 'a frame came that only an agent sends' <<<'@frame 5 6162'
	ends_with 'a request is too short' <<<'@frame 2 00'
	ends_with 'a request has 0 words' <<<'@frame 2 000000000000000000000000'
	ends_with 'a request has 65535 words' <<<'@frame 2 0000000000000000ffff0000'
	# Without the end of its word; with more after it.
	ends_with 'a request ends too early or too late' <<<'@frame 2 000000000000000000010000 7265616479'
	ends_with 'a request ends too early or too late' <<<'@frame 2 000000000000000000010000 726561647900 00'
	# A second hello.
	ends_with 'the first words were not cmigrate'\''s' <<<'@frame 1 636d69677261746500'
}

@test "a key for another root: a person is told which" {
	on client cmigrate -q run --on rhel01 web
	on rhel02 sh -c 'sed -i "s#/runc/containers#/srv/bundles#" /root/.ssh/authorized_keys'
	run on client cmigrate -q move web rhel02
	on rhel02 sed -i 's#/srv/bundles#/runc/containers#' /root/.ssh/authorized_keys
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *rhel02*"this key is for bundles below '/srv/bundles' alone"* ]]
	runs_only_on rhel01 web $address
}
