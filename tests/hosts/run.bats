#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes are for a host's shell; lib/ and bats set the rest
# run, stop, delete, list and status with a real runc: what they do, refuse, and leave behind.

bats_require_minimum_version 1.5.0

load lib/lab
load lib/containers

setup_file() {
	start_lab t-run 600
	for host in rhel01 rhel02; do
		on "$host" sh -c 'mkdir -p /etc/cmigrate && cat >/etc/cmigrate/config.json' \
			<<<'{"hosts": {"rhel01": {}, "rhel02": {}}}'
	done
}

teardown_file() {
	end_lab
}

teardown() {
	"$lab" mend rhel02 2>/dev/null || true
	on client ip addr del 10.99.0.100/24 dev eth0 2>/dev/null || true
	remove_containers rhel01 rhel02
}

# A small web server; more flags of generate may follow.
make_httpd() { # NAME [FLAG...]
	local flags
	flag_args busybox httpd -f -p 80 -h /etc
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" \
		--label org.cmigrate.endpoint=http://10.99.0.100/hosts \
		--label org.cmigrate.address=10.99.0.100/24 "${@:2}"
}

# A container that does nothing, ends by SIGTERM if so told, and has no address.
make_idle() { # NAME SHELL-LINE
	local flags
	flag_args busybox sh -c "$2"
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}"
}

# expect STATUS TEXT HOST COMMAND...: the exit code, and what is said with it.
expect() {
	run on "$3" "${@:4}"
	[[ $status -eq $1 && $output == *"$2"* ]] || {
		echo "status $status: $output" >&2
		return 1
	}
}

# Nothing of a container is on a host but its bundle, and in that only config.json.
left_nothing() { # HOST NAME
	[[ -z $(state_of "$1" "$2") ]] || return 1
	[[ -z $(on "$1" ip -o addr show to 10.99.0.100) ]] || return 1
	[[ -z $(on "$1" sh -c 'ls -d /run/cmigrate 2>/dev/null') ]] || return 1
	[[ $(on "$1" ls -A "/runc/containers/$2") == config.json ]]
}

@test "run starts with its address, and stop takes both away" {
	make_httpd web
	expect 0 "running 'web' on rhel01: answered after " rhel01 cmigrate run web
	runs_only_on rhel01 web 10.99.0.100/24
	[[ $(on client curl -s -m $patience http://10.99.0.100/hosts) == *localhost* ]]
	expect 0 "stopped 'web' on rhel01" rhel01 cmigrate stop --timeout 0 web
	left_nothing rhel01 web
}

@test "another host is named with --on, found without, and asked over ssh" {
	make_httpd web
	run on rhel01 cmigrate --json run web --on rhel02
	[[ $(jq -r '[.event, .container, .host, .outcome, .exit_code, .answered_ms > 0, .error] | @csv' <<<"$output") == \
		'"summary","web","rhel02","running",0,true,' ]]
	runs_only_on rhel02 web 10.99.0.100/24
	run on rhel01 cmigrate --json stop --timeout 0 web
	[[ $(jq -r '[.host, .outcome, .exit_code, .how] | join(" ")' <<<"$output") == 'rhel02 stopped 0 kill' ]]
	left_nothing rhel02 web
}

@test "a container that any host has is not started again" {
	make_httpd web
	on rhel01 cmigrate -q run web
	expect 3 "container 'web' is on rhel01" rhel02 cmigrate run web
	expect 3 "container 'web' is on rhel01" rhel01 cmigrate run web
	runs_only_on rhel01 web 10.99.0.100/24
	on rhel01 runc kill web KILL
	wait_on rhel01 10 'runc state web | grep -q stopped'
	expect 3 'stopped; delete it there first' rhel02 cmigrate run web
}

@test "a host that can't be asked might have it, unless it is off" {
	make_httpd web
	"$lab" cut rhel02
	expect 3 "may run on a host that can't be asked: rhel02: no answer" rhel01 cmigrate run web
	left_nothing rhel01 web
	expect 0 "running 'web' on rhel01" rhel01 cmigrate run --fenced rhel02 web
	expect 2 "no host 'rhel09'" rhel01 cmigrate run --fenced rhel09 web
}

@test "an address that another machine answers for is left alone" {
	make_httpd web
	on client ip addr add 10.99.0.100/24 dev eth0
	expect 3 'another machine answers for 10.99.0.100' rhel01 cmigrate run web
	left_nothing rhel01 web
}

@test "an address in no network of the host is refused, with the way out" {
	make_httpd web
	expect 3 '--address ADDRESS/PREFIX@DEVICE' rhel01 cmigrate run --address 192.0.2.7 web
	left_nothing rhel01 web
	expect 0 "running 'web'" rhel01 cmigrate run --address 192.0.2.7@eth0 --endpoint http://192.0.2.7/hosts web
	[[ -n $(on rhel01 ip -o addr show dev eth0 to 192.0.2.7) ]]
	expect 0 "stopped 'web'" rhel01 cmigrate stop --timeout 0 --address 192.0.2.7 web
	[[ -z $(on rhel01 ip -o addr show dev eth0 to 192.0.2.7) ]]
}

# bats test_tags=all
@test "IPv4 and IPv6 addresses come and go together" {
	make_httpd web --label org.cmigrate.address=10.99.0.100/24,fd99::100/64 \
		--label 'org.cmigrate.endpoint=http://[fd99::100]/hosts tcp://10.99.0.100:80'
	expect 0 'answered after' rhel01 cmigrate run web
	[[ -n $(on rhel01 ip -o addr show dev eth0 to fd99::100) ]]
	on rhel01 cmigrate -q stop --timeout 0 web
	left_nothing rhel01 web
	[[ -z $(on rhel01 ip -o addr show dev eth0 to fd99::100) ]]
}

# bats test_tags=all
@test "a program that can't be started: runc's reason, and nothing stays" {
	local flags
	flag_args /no/such/program
	on rhel01 cmigrate generate bad "${flags[@]}" "${common_flags[@]}" --label org.cmigrate.address=10.99.0.100/24
	expect 1 '/no/such/program: no such file or directory' rhel01 cmigrate run bad
	left_nothing rhel01 bad
}

@test "a program that ends at once: it is not waited for, and nothing stays" {
	local flags
	flag_args busybox true
	on rhel01 cmigrate generate brief "${flags[@]}" "${common_flags[@]}" \
		--label org.cmigrate.address=10.99.0.100/24 --label org.cmigrate.endpoint=http://10.99.0.100/
	# Longer than the test may take.
	expect 1 "'brief' has ended" rhel01 cmigrate run --timeout 100000 brief
	left_nothing rhel01 brief
}

@test "an endpoint that stays silent: all is taken back, also on another host" {
	make_httpd web
	expect 1 "endpoint 'http://10.99.0.100:9/' does not answer" rhel01 \
		cmigrate run --endpoint http://10.99.0.100:9/ --timeout 1 web
	left_nothing rhel01 web
	run on rhel01 cmigrate --json run --on rhel02 --endpoint http://10.99.0.100:9/ --timeout 1 web
	[[ $status -eq 1 && $(jq -r .outcome <<<"${lines[0]}") == failed ]]
	left_nothing rhel02 web
}

@test "a signal during the wait takes all back" {
	make_httpd web
	on rhel01 sh -c 'cmigrate run --endpoint http://10.99.0.100:9/ web >/tmp/out 2>&1 & echo $! >/tmp/pid
		wait $!; echo $? >/tmp/status' 3>&- &
	local starter=$!
	wait_on rhel01 10 'runc state web 2>/dev/null | grep -q running'
	on rhel01 sh -c 'kill -TERM $(cat /tmp/pid)'
	wait "$starter"
	[[ $(on rhel01 cat /tmp/status) == 1 ]]
	[[ $(on rhel01 cat /tmp/out) == *'stopped by a signal'* ]]
	left_nothing rhel01 web
}

@test "without a bundle, or with a terminal, there is nothing to run" {
	expect 2 "'cmigrate generate nothing' writes one" rhel01 cmigrate run nothing
	make_httpd web
	on rhel01 sh -c 'cd /runc/containers/web && jq ".process.terminal = true" config.json >new && mv new config.json'
	expect 2 'process.terminal is true' rhel01 cmigrate run web
	left_nothing rhel01 web
}

@test "stop waits for SIGTERM, kills who does not heed it, and wakes who is paused" {
	make_idle polite 'trap "exit 0" TERM; while :; do sleep 0.05; done'
	make_idle stubborn 'trap "" TERM; while :; do sleep 1; done'
	on rhel01 cmigrate -q run polite
	[[ $(on rhel01 sh -c 'readlink /proc/$(runc state polite | jq .pid)/fd/[012]' | sort -u) == /dev/null ]]
	on rhel01 cmigrate -q run stubborn
	run on rhel01 cmigrate --json stop polite
	[[ $(jq -r .how <<<"$output") == term ]]
	expect 0 "stopped 'stubborn' on rhel01: killed" rhel01 cmigrate stop --timeout 1 stubborn
	on rhel01 cmigrate -q run polite
	on rhel01 runc pause polite
	run on rhel02 cmigrate --json stop polite
	[[ $(jq -r .how <<<"$output") == term ]]
	left_nothing rhel01 polite
	left_nothing rhel01 stubborn
}

@test "delete removes a stopped container, and a running one only by force" {
	make_httpd web
	on rhel01 cmigrate -q run web
	expect 3 "is running on rhel01; end it with 'cmigrate stop web'" rhel02 cmigrate delete web
	runs_only_on rhel01 web 10.99.0.100/24
	on rhel01 runc kill web KILL
	wait_on rhel01 10 'runc state web | grep -q stopped'
	expect 0 "deleted 'web' on rhel01" rhel02 cmigrate delete web
	left_nothing rhel01 web
	on rhel01 cmigrate -q run web
	expect 0 "deleted 'web' on rhel01" rhel01 cmigrate delete --force web
	left_nothing rhel01 web
	on rhel01 cmigrate -q run web
	on rhel01 cmigrate -q stop web
	expect 0 "" rhel02 cmigrate delete web
}

# bats test_tags=all
@test "what no host has is unknown" {
	expect 3 "no container 'web' on rhel01, rhel02" rhel01 cmigrate stop web
	expect 3 "no container 'web' on rhel01, rhel02" rhel01 cmigrate delete web
	expect 3 "no container 'web' on rhel02" rhel01 cmigrate stop --on rhel02 web
	expect 3 "no container 'web' on rhel01, rhel02" rhel01 cmigrate status web
	expect 2 "unknown host 'rhel09'" rhel01 cmigrate stop --on rhel09 web
}

@test "without a configuration the only host asked is named, and --on names others" {
	only='not on rhel01, the only host asked; name others with --on or hosts in the configuration'
	make_httpd web
	on rhel02 cmigrate -q run web
	on rhel01 sh -c 'echo "{}" >/tmp/none.json'
	alone() { on rhel01 env CMIGRATE_CONFIG=/tmp/none.json cmigrate "$@"; }
	run alone status web
	[[ $status -eq 0 && ${lines[0]} == "web: $only" ]]
	run alone status --on rhel02 web
	[[ $status -eq 0 && ${lines[0]} == 'web: running on rhel02' ]]
	for words in 'status db' 'stop web' 'checkpoint web' 'move web rhel02' 'check web rhel02'; do
		# shellcheck disable=SC2086 # words
		run alone $words
		[[ $status -eq 3 && $output == *"no container "*"$only" ]]
	done
	expect 0 "killed" rhel01 env CMIGRATE_CONFIG=/tmp/none.json cmigrate stop --timeout 0 --on rhel02 web
}

# The numbers of setup, enter and register.
uring_calls='import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print([(libc.syscall(n, -1, None, 0, 0, None, 0), ctypes.get_errno()) for n in (425, 426, 427)])'

@test "io_uring is as if the kernel had none, unless it is allowed" {
	flag_args python3 -c "$uring_calls"
	on rhel01 cmigrate generate "${flags[@]}" "${common_flags[@]}" ring
	run on rhel01 runc run -b /runc/containers/ring ring
	[[ $status -eq 0 && $output == '[(-1, 38), (-1, 38), (-1, 38)]' ]]
	on rhel01 cmigrate generate --force --allow-io-uring "${flags[@]}" "${common_flags[@]}" ring
	run on rhel01 runc run -b /runc/containers/ring ring
	[[ $status -eq 0 && $output != *'(-1, 38)'* ]]
}

@test "a container is busy while another holds it, here and over ssh" {
	make_httpd web
	on rhel01 cmigrate -q run web
	for host in rhel01 rhel02; do
		run on "$host" sh -c 'mkdir -p /runc/containers/web/.cmigrate
			exec 9>/runc/containers/web/.cmigrate/lock && flock 9
			cmigrate stop --timeout 0 web 9>&-; echo "status $?"'
		[[ $output == *'another cmigrate'*'status 7'* ]]
	done
	runs_only_on rhel01 web 10.99.0.100/24
}

# One entry of a journal: the sum is that of gzip, which keeps it in its last eight bytes.
journal_line() { # JSON
	printf '%s %s\n' "$(printf '%s' "$1" | gzip -c | tail -c 8 | head -c 4 | od -An -tx4 --endian=little | tr -d ' ')" "$1"
}

@test "an interrupted move is shown by status and settled by recover alone" {
	make_httpd web
	on rhel01 cmigrate -q run web
	{
		journal_line '{"event":"begin","move":{"id":"m1","source":"rhel01","destination":"rhel02","strategy":"cold"}}'
		journal_line '{"event":"intent","step":"restore"}'
	} | on rhel01 sh -c 'mkdir -p /runc/containers/web/.cmigrate && cat >/runc/containers/web/.cmigrate/journal'
	for verb in 'stop --timeout 0' 'delete --force' run; do
		# shellcheck disable=SC2086 # verb and its options
		expect 7 'cmigrate recover web' rhel02 cmigrate $verb web
	done
	runs_only_on rhel01 web 10.99.0.100/24
	expect 0 "m1 from rhel01 to rhel02, last step 'restore', not committed" rhel02 cmigrate status web
	on rhel01 runc delete --force web
	run on rhel02 cmigrate --json status web
	[[ $(jq -r '[.host, .move.id, .move.last_step, .move.committed, .move.settled_by] | join("|")' <<<"$output") == \
		'|m1|restore|false|cmigrate recover web' ]]
}

@test "status tells where all is and whether it answers" {
	make_httpd web
	on rhel01 cmigrate -q run web
	run on rhel02 cmigrate --json status web
	[[ $status -eq 0 ]]
	jq -e '.name == "web" and .host == "rhel01" and .state == "running" and .pid > 0
		and .bundle == "/runc/containers/web" and .memory_bytes > 0 and .processes == 1
		and .addresses == [{"address": "10.99.0.100", "host": "rhel01", "device": "eth0"}]
		and (.endpoints | length) == 1 and .endpoints[0].answers and .endpoints[0].ms > 0
		and .move == null and .unreachable == []' <<<"$output"
	on rhel01 runc pause web
	expect 0 'does not answer' rhel02 cmigrate status web
	expect 0 'web: paused on rhel01' rhel02 cmigrate status web
}

# The exit code, and what is said with it.
local_on() { # HOST CODE STATE
	run on "$1" cmigrate --json status --local web
	echo "$1: $status $output"
	[[ $status -eq $2 && $(jq -r .state <<<"$output") == "$3" ]]
}

@test "status --local asks one machine alone: its own, not here, a source under a move, a copy that isn't committed" {
	make_httpd web
	local_on rhel01 3 null
	on rhel01 cmigrate -q run web
	# No host is asked: none can be.
	"$lab" cut rhel01
	local_on rhel01 0 running
	"$lab" mend rhel01
	# Nor is the shared directory there.
	on rhel01 unshare -m sh -c 'umount -l /runc && ! ls /runc/containers/web && exec cmigrate status --local web'
	on rhel01 env CMIGRATE_FAULT=answer:after cmigrate -q move web rhel02 || [[ $? -eq 137 ]]
	local_on rhel01 0 gate
	local_on rhel02 7 uncommitted
	on rhel01 cmigrate -q recover web
	local_on rhel01 3 null
	local_on rhel02 0 running
	on rhel02 runc pause web
	local_on rhel02 0 paused
	on rhel02 runc resume web
	on rhel02 runc kill web KILL
	wait_on rhel02 10 'runc state web | grep -q stopped'
	local_on rhel02 3 stopped
}

# As the agent of a cluster runs it.
owned() { # HOST WORD...
	on "$1" env CMIGRATE_OWNER=pacemaker:web_rsc cmigrate "${@:2}"
}

@test "a cluster's container is moved and ended by the cluster alone, and everybody else's again after that" {
	make_httpd web
	run on rhel01 env CMIGRATE_OWNER=pacemaker: cmigrate run web
	[[ $status -eq 2 && $output == *"CMIGRATE_OWNER: 'pacemaker:'"* ]]
	left_nothing rhel01 web
	owned rhel01 -q run web
	expect 3 "resource 'web_rsc' of the cluster has it; let the cluster move it: crm_resource --move --resource web_rsc --node rhel02 --lifetime PT10M" \
		rhel01 cmigrate move web rhel02
	expect 3 'crm_resource --resource web_rsc' rhel02 cmigrate stop web
	expect 3 'crm_resource --resource web_rsc' rhel02 cmigrate delete --force web
	expect 3 'of the cluster has it' rhel01 cmigrate checkpoint web
	expect 8 'crm_resource --move --resource web_rsc' rhel01 cmigrate drain rhel01
	runs_only_on rhel01 web 10.99.0.100/24
	# The cluster need not know of this, and goes on to have it.
	on rhel01 cmigrate -q checkpoint --leave-running --keep 1 web
	owned rhel01 -q move web rhel02
	expect 3 'of the cluster has it' rhel01 cmigrate move web rhel01
	owned rhel02 -q stop --timeout 0 web
	on rhel01 cmigrate -q run web
	on rhel01 cmigrate -q move web rhel02
	on rhel02 cmigrate -q stop --timeout 0 web
	# The resource that restores it has it.
	owned rhel02 -q restore web
	expect 3 'of the cluster has it' rhel01 cmigrate move web rhel01
	expect 0 '' rhel01 cmigrate move --skip-check owner web rhel01
}

@test "list has every container of every host, and those of the hosts named" {
	make_httpd web
	make_idle idle 'sleep 1000 & sleep 1000 & wait'
	on rhel01 cmigrate -q run web
	on rhel01 cmigrate -q run --on rhel02 idle
	run on rhel01 cmigrate --json list
	[[ $status -eq 0 && ${#lines[@]} -eq 2 ]]
	[[ $(jq -r '[.name, .host, .state, .address, .endpoint, .bundle] | join(" ")' <<<"$output") == \
		$'idle rhel02 running   /runc/containers/idle\nweb rhel01 running 10.99.0.100 http://10.99.0.100/hosts /runc/containers/web' ]]
	[[ $(jq -s 'all(.memory_bytes > 0 and .age_seconds >= 0 and (.created | length) > 20)' <<<"$output") == true ]]
	run on rhel01 cmigrate --json list rhel02
	[[ $(jq -r .name <<<"$output") == idle ]]
	run on rhel01 cmigrate list
	[[ ${lines[0]} == NAME*HOST*STATE*ADDRESS*ENDPOINT*MEMORY*AGE ]]
	expect 2 "unknown host 'rhel09'" rhel01 cmigrate list rhel09
}

@test "memory is that of all processes of a container" {
	make_idle big 'x=$(head -c 30000000 /dev/zero | tr "\0" x); sleep 1000 & wait'
	on rhel01 cmigrate -q run big
	wait_on rhel01 20 '[[ $(cmigrate --json list rhel01 | jq .memory_bytes) -gt 30000000 ]]'
	[[ $(on rhel01 cmigrate --json status big | jq .processes) -ge 2 ]]
}

# bats test_tags=all
@test "a host that is off costs list its deadline and is shown" {
	make_httpd web
	on rhel01 cmigrate -q run web
	"$lab" cut rhel02
	local started=$SECONDS
	run --separate-stderr on rhel01 cmigrate --json list
	# ssh tries both addresses of the host; the question has 15 s.
	[[ $((SECONDS - started)) -le $(scaled 17) ]]
	[[ $status -eq 1 && $stderr == *'rhel02: no answer'* ]]
	[[ $(jq -r '[.name, .host, .state] | join(" ")' <<<"$output") == $'web rhel01 running\n rhel02 unreachable' ]]
}
