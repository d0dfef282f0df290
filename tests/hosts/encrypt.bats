#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # variables of lib; single quotes: for a host's shell
# Memory that crosses the network inside ssh connections.

load lib/lab
load lib/containers
load lib/redis
load lib/snapshot

address=10.99.0.101
marker=Zaphod-Beeblebrox-was-here

setup_file() {
	start_lab t-encrypt 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	start_filled_redis 30
}

teardown() {
	remove_containers rhel01 rhel02
}

# Runs the rest while rhel02 reads its wire; sets `wire` to what it has seen.
on_the_wire() { # COMMAND...
	on rhel02 bash -c 'python3 - eth0 "$1" >/var/wire 2>&1 </var/wire.py & echo $! >/var/pid' - $marker
	wait_on rhel02 20 'grep -q reads /var/wire'
	"$@"
	on rhel02 bash -c 'kill "$(</var/pid)"; tail --pid="$(</var/pid)" -s 0.05 -f /dev/null'
	wire=$(on rhel02 tail -n 1 /var/wire)
	say "$wire"
	jq -e '.bytes > 30e6 and .lost == 0' <<<"$wire"
}

# A move at a point, by a controller in the background.
paused_at() { # POINT CONTROLLER OPTION...
	on "$2" bash -c 'CMIGRATE_PAUSE=$1 setsid cmigrate --quiet move --from rhel01 "${@:2}" cache rhel02 </dev/null >/dev/null 2>/var/err & echo $! >/var/pid' - "$1" "${@:3}"
	wait_paused "$2"
}

# Lets it go on to its end; sets status and err.
end_paused() { # CONTROLLER
	on "$1" bash -c 'kill -CONT "$(</var/pid)"; tail --pid="$(</var/pid)" -s 0.05 -f /dev/null'
	err=$(on "$1" cat /var/err)
	say "$err"
}

listening() {
	on "$1" ss -Hltn | awk '{print $4}' | sort -u
}

@test "a marker in the memory is on the wire with --encrypt off, and not with required" {
	printf "$marker %.0s" {1..20000} | on client redis-cli -h $address -x set marker >/dev/null
	digest=$(memory)
	on rhel02 sh -c 'cat >/var/wire.py' <"$BATS_TEST_DIRNAME/programs/wire.py"
	for way in '--transport direct' '--strategy post-copy'; do
		for encrypt in off required; do
			remember rhel01 rhel02
			# shellcheck disable=SC2086 # two words
			on_the_wire on rhel01 cmigrate --quiet move $way --encrypt $encrypt cache rhel02
			[[ $encrypt:$(jq '.seen > 0' <<<"$wire") == @(off:true|required:false) ]]
			runs_only_on rhel02 cache $address
			[[ $(memory) == "$digest" ]]
			on rhel02 cmigrate --quiet move cache rhel01
			unchanged
		done
	done
}

@test "a third host reaches no port of a move" {
	local host before new
	for move in 'dump:before --transport direct' 'restore:before --strategy post-copy'; do
		read -r point way <<<"$move"
		before=$(listening rhel01; listening rhel02)
		# shellcheck disable=SC2086 # two words
		paused_at "$point" rhel01 $way
		# The source's criu listens, or is listened for.
		listening rhel01 | grep -q -v -x -F "$before"
		for host in rhel01 rhel02; do
			new=$(listening $host | grep -v -x -F "$before" || true)
			say "$way: $host listens on ${new//$'\n'/ }"
			! grep -v '^127\.0\.0\.1:' <<<"$new" | grep -q . || false
			for socket in $new; do
				run on client bash -c 'exec 3<>"/dev/tcp/10.99.0.1/$1"' - "${socket##*:}"
				[[ $status -ne 0 && $output == *'refused'* ]]
			done
		done
		[[ $(on rhel01 nft list tables) != *_guard* && $(on rhel02 nft list tables) != *_guard* ]]
		end_paused rhel01
		runs_only_on rhel02 cache $address
		on rhel02 cmigrate --quiet move cache rhel01
	done
}

@test "a tunnel that is killed before the commit: the container goes on where it was" {
	for move in 'rhel01 dump:before --transport direct' 'client drain:before --strategy post-copy' 'rhel02 drain:before --strategy post-copy'; do
		read -r controller point way <<<"$move"
		remember rhel01 rhel02
		# shellcheck disable=SC2086 # two words
		paused_at "$point" "$controller" $way
		on "$controller" sh -c 'kill -9 $(grep -l -x cmigrate-relay /proc/[0-9]*/comm | cut -d/ -f3)'
		end_paused "$controller"
		[[ $err == *"'cache'"* || $err == *memory* ]]
		runs_only_on rhel01 cache $address
		[[ $(memory) == "$digest" ]]
		unchanged
	done
}

# bats test_tags=all
@test "a controller that is killed while memory follows: it goes on to come, and recover commits" {
	on client env CMIGRATE_FAULT=drain:before cmigrate --quiet move --strategy post-copy --from rhel01 cache rhel02 || [[ $? -eq 137 ]]
	on client cmigrate recover cache
	runs_only_on rhel02 cache $address
	[[ $(memory) == "$digest" ]]
	wait_on client 20 '! grep -q -x cmigrate-relay /proc/[0-9]*/comm'
}
