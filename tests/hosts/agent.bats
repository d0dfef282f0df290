#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# The agent on a host: how it gets there, where it lies, and what becomes of it and of a dump when an end is lost.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

address=10.99.0.100
kept=/run/cmigrate-agent
elsewhere=(/var/lib/cmigrate-agent /root/.cmigrate-agent)

setup_file() {
	local host
	start_lab t-agent 900
	for host in rhel01 rhel02 client; do
		on "$host" sh -c 'mkdir -p /etc/cmigrate && echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/etc/cmigrate/config.json'
	done
}

teardown_file() {
	end_lab
}

teardown() {
	local host
	on client sh -c 'read -r pid </var/pid && kill -9 "$pid"; rm -f /var/pid' 2>/dev/null || true
	unwrap rhel01 rhel02
	for host in rhel01 rhel02; do
		on "$host" bash -c 'mount -o remount,exec /run
			for dir; do
				while umount "$dir"; do :; done
				rm -rf "$dir"
			done' - "$kept" "${elsewhere[@]}" 2>/dev/null || true
		"$lab" mend "$host" 2>/dev/null || true
	done
	remove_containers rhel01 rhel02
}

agents() { # HOST: the pids of its agents
	on "$1" bash -c 'for file in /proc/[0-9]*/comm; do
		read -r comm <"$file" && [[ $comm != cmigrate-agent ]] || { file=${file#/proc/}; echo "${file%/comm}"; }
	done 2>/dev/null'
}

no_agents() { # HOST...
	local host
	for host in "$@"; do
		wait_on "$host" 10 '! grep -q -x cmigrate-agent /proc/[0-9]*/comm 2>/dev/null'
	done
}

received() { # HOST: bytes
	on "$1" cat /sys/class/net/eth0/statistics/rx_bytes
}

# Sets took, the bytes that rhel01 received meanwhile.
list_takes() {
	local before
	before=$(received rhel01)
	on client cmigrate list
	took=$(($(received rhel01) - before))
	say "$took bytes"
}

@test "the agent is sent once and kept; none runs after a command" {
	local first size
	on rhel01 rm -rf $kept
	list_takes
	first=$(on rhel01 sh -c "stat -c '%n %i %Y %a %U' $kept/*")
	echo "$first"
	[[ $first =~ ^$kept/[0-9a-f]{32,}' '[0-9]+' '[0-9]+' 700 root'$ ]]
	[[ $(on rhel01 stat -c '%a %U' $kept) == '700 root' ]]
	size=$(on rhel01 sh -c "cat $kept/* | wc -c")
	[[ $took -gt $size ]]
	no_agents rhel01 rhel02
	list_takes
	[[ $took -lt $((size / 4)) ]]
	[[ $(on rhel01 sh -c "stat -c '%n %i %Y %a %U' $kept/*") == "$first" ]]
	no_agents rhel01 rhel02
}

@test "an agent that was half sent is not used, and a directory of somebody else's isn't either" {
	local name
	on client cmigrate list
	name=$(on rhel01 ls $kept)
	on rhel01 sh -c "rm -rf $kept; mkdir $kept && head -c 1000 /dev/urandom >$kept/new.1 && chown 12345 $kept && chmod 777 $kept"
	on client cmigrate list
	[[ $(on rhel01 ls $kept) == new.1 ]]
	[[ $(on rhel01 ls "${elsewhere[0]}") == "$name" ]]
	no_agents rhel01
}

@test "nothing may be executed from /run and /tmp: a move there and back" {
	make_web web $address/32
	for host in rhel01 rhel02; do
		on $host sh -c 'mount -o remount,noexec /run || mount -t tmpfs -o noexec tmpfs /run/cmigrate-agent
			findmnt -n -o OPTIONS --target /run | grep noexec
			findmnt -n --mountpoint /tmp || mount --bind /tmp /tmp; mount -o remount,bind,noexec /tmp'
		on $host rm -rf $kept
	done
	start_container rhel01 web
	on client cmigrate -q move web rhel02
	runs_only_on rhel02 web $address
	on client cmigrate -q move web rhel01
	runs_only_on rhel01 web $address
	for host in rhel01 rhel02; do
		[[ $(on $host ls "${elsewhere[0]}" | wc -l) -eq 1 ]]
		[[ -z $(on $host sh -c "ls $kept 2>/dev/null") ]]
		on $host umount /tmp
	done
	no_agents rhel01 rhel02
}

# A file system in each directory, of so many KB.
take_room() { # HOST OPTIONS
	on "$1" sh -c 'options=$1; shift; for dir; do mkdir -p "$dir" && mount -t tmpfs -o "$options" tmpfs "$dir"; done' - \
		"$2" "$kept" "${elsewhere[@]}"
}

# The command says so and is refused, and leaves nothing.
finds_no_room() {
	local status=0 err
	on rhel02 find "$kept" "${elsewhere[@]}" -type f -delete
	err=$(on client cmigrate -q move web rhel02 --from rhel01 2>&1) || status=$?
	echo "$status $err"
	[[ $status -eq 3 ]]
	[[ $err == *rhel02*"no directory has room for the agent of cmigrate and lets programs be executed: $kept ${elsewhere[*]}"* ]]
	[[ $(wc -l <<<"$err") -eq 1 ]]
	[[ -z $(on rhel02 find "$kept" "${elsewhere[@]}" -type f) ]]
	no_agents rhel01 rhel02
	runs_only_on rhel01 web $address
	unchanged
}

@test "no room for the agent, or nothing may be executed there: one clear error" {
	make_web web $address/32
	start_container rhel01 web
	remember same rhel01
	take_room rhel02 size=64k
	finds_no_room
	on rhel02 umount "$kept" "${elsewhere[@]}"
	take_room rhel02 noexec
	finds_no_room
	# With room in the last one it goes on.
	on rhel02 umount "${elsewhere[1]}"
	on client cmigrate -q move web rhel02
	runs_only_on rhel02 web $address
}

@test "a login that prints, before the agent is sent and after" {
	make_web web $address/32
	start_container rhel01 web
	on rhel02 sh -c 'cp /root/.bashrc /root/.bashrc.kept 2>/dev/null; rm -rf '$kept'
		sed -i "1i echo Welcome to rhel02; echo; echo authorized use only >&2; printf \"cmigrate-agent\"" /root/.bashrc ||
			echo "echo Welcome to rhel02; echo authorized use only >&2" >/root/.bashrc'
	out=$(on client ssh rhel02 true 2>/dev/null)
	run on client cmigrate -q move web rhel02
	[ "$status" -eq 0 ]
	run on client cmigrate -q move web rhel01
	[ "$status" -eq 0 ]
	on rhel02 sh -c 'rm /root/.bashrc; mv /root/.bashrc.kept /root/.bashrc 2>/dev/null || true'
	echo "$out"
	[[ $out == *Welcome* ]]
	runs_only_on rhel01 web $address
}

configured() { # AGENT: on rhel02
	on client sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {\"agent\": \"$1\"}}}" >/tmp/config.json' - "$1"
}

@test "an installed agent is used, and none is sent" {
	make_web web $address/32
	start_container rhel01 web
	on client cmigrate list
	on rhel02 sh -c "mkdir -p /usr/local/libexec && cp $kept/* /usr/local/libexec/cmigrate-agent && rm -rf $kept"
	configured /usr/local/libexec/cmigrate-agent
	on client cmigrate -q -c /tmp/config.json move web rhel02
	runs_only_on rhel02 web $address
	on client cmigrate -q -c /tmp/config.json move web rhel01
	runs_only_on rhel01 web $address
	on rhel02 test ! -e $kept
	no_agents rhel02
	# It isn't there.
	configured /usr/local/libexec/none
	run on client cmigrate -q -c /tmp/config.json move web rhel02
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *rhel02*/usr/local/libexec/none* ]]
	on rhel02 rm /usr/local/libexec/cmigrate-agent
	runs_only_on rhel01 web $address
}

@test "an installed agent of another version, and something that is no agent: one clear error" {
	make_web web $address/32
	start_container rhel01 web
	remember same rhel01 rhel02
	on rhel02 sh -c 'cat >/usr/local/sbin/old-agent; chmod 755 /usr/local/sbin/old-agent' <<-'END'
		#!/usr/bin/env python3
		import sys
		words = b"\0".join((b"cmigrate-agent", b"1", b"0.0.9", b"another-build", b"x86_64", b""))
		frame = len(words).to_bytes(4, "big") + bytes(4) + bytes((1, 0, 0, 0)) + words
		sys.stdout.buffer.write(b"cmigrate-agent hello\n" + frame)
		sys.stdout.flush()
		sys.stdin.buffer.read()
	END
	configured /usr/local/sbin/old-agent
	run on client cmigrate -q -c /tmp/config.json move web rhel02
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *"rhel02"*"the agent there is of cmigrate 0.0.9, this is another build ("*"): install the same on both"* ]]
	[ "${#lines[@]}" -eq 1 ]
	configured /usr/bin/true
	run on client cmigrate -q -c /tmp/config.json move web rhel02
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *"rhel02: "* ]]
	on rhel02 rm /usr/local/sbin/old-agent
	runs_only_on rhel01 web $address
	unchanged
}

# A controller on the client that stops itself at a point of a move; its pid is in /var/pid there.
move_pauses() { # STEP:WHEN
	on client sh -c 'CMIGRATE_PAUSE=$1 cmigrate -q move web rhel02 >/var/paused.out 2>&1 & echo $! >/var/pid
		wait $!; echo $? >/var/paused.status' - "$1" &
	paused=$!
	wait_paused client
}

move_goes_on() {
	on client sh -c 'kill -CONT "$(cat /var/pid)"'
	wait "$paused"
	say "the move: $(on client cat /var/paused.status /var/paused.out | tr '\n' ' ')"
}

# CONTROLLER_SILENT_MS of frame.h, and some seconds.
@test "a controller that is stopped: its agents end, its lock is free, and it does no harm when it goes on" {
	make_web web $address/32
	start_container rhel01 web
	move_pauses hold:after
	[[ -n $(agents rhel01) && -n $(agents rhel02) ]]
	run on rhel02 cmigrate -q recover web
	echo "$status $output"
	[ "$status" -eq 7 ]
	for host in rhel01 rhel02; do
		wait_on $host 30 '! grep -q -x cmigrate-agent /proc/[0-9]*/comm 2>/dev/null'
	done
	on rhel02 cmigrate -q recover web
	runs_only_on rhel01 web $address
	on rhel02 cmigrate -q move web rhel02
	move_goes_on
	[[ $(on client cat /var/paused.status) -ne 0 ]]
	runs_only_on rhel02 web $address
	[[ $(on client curl -s -m $patience http://$address/) == rhel02 ]]
}

@test "a controller that is cut off: its agents end, and its lock is free" {
	make_web web $address/32
	start_container rhel01 web
	move_pauses hold:after
	"$lab" cut client
	for host in rhel01 rhel02; do
		wait_on $host 30 '! grep -q -x cmigrate-agent /proc/[0-9]*/comm 2>/dev/null'
	done
	on rhel02 cmigrate -q recover web
	runs_only_on rhel01 web $address
	"$lab" mend client
	move_goes_on
	runs_only_on rhel01 web $address
}

criu_of() { # HOST
	on "$1" sh -c 'pgrep -x criu || true'
}

@test "a dump at its gate survives the agent" {
	local criu
	make_web web $address/32
	start_container rhel01 web
	move_pauses dump:after
	criu=$(criu_of rhel01)
	[[ -n $criu ]]
	# shellcheck disable=SC2046 # numbers
	on rhel01 kill -9 $(agents rhel01)
	no_agents rhel01
	[[ $(criu_of rhel01) == "$criu" ]]
	[[ $(state_of rhel01 web) != '' ]]
	move_goes_on
	if [[ $(on client cat /var/paused.status) -eq 6 ]]; then
		on rhel02 cmigrate -q recover web
	fi
	runs_only_on rhel01 web $address || runs_only_on rhel02 web $address
	[[ $(on client curl -s -m $patience http://$address/) == rhel0? ]]
	[[ -z $(criu_of rhel01) ]]
}

@test "a dump that is parked survives the agent too; recovery ends it, and the container goes on as it was" {
	local criu
	make_web web $address/32
	start_container rhel01 web
	remember same rhel01 rhel02
	move_pauses settle:after
	criu=$(criu_of rhel01)
	[[ -n $criu ]]
	# shellcheck disable=SC2046 # numbers
	on rhel01 kill -9 $(agents rhel01)
	on client sh -c 'kill -9 "$(cat /var/pid)"'
	wait "$paused"
	no_agents rhel01 rhel02
	[[ $(criu_of rhel01) == "$criu" ]]
	on rhel02 cmigrate -q recover web
	runs_only_on rhel01 web $address
	[[ $(on client curl -s -m $patience http://$address/) == rhel01 ]]
	[[ -z $(criu_of rhel01) ]]
	unchanged
}
