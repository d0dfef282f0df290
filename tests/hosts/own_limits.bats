#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # variables of lib; single quotes: for a host's shell
# What a restore needs is compared with the container's own limits.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

setup_file() {
	start_lab t-own-limits 300
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	unwrap rhel02
	remove_containers rhel01 rhel02
}

start_eater() { # MEGABYTES CHILDREN FLAG...
	local flags
	flag_args python3 /srv/eater.py "$1" "$2"
	on rhel01 cmigrate generate eater "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind "${@:3}"
	start_container rhel01 eater
	wait_on rhel01 30 "[[ \$(runc exec eater ls /tmp | grep -c ready) -eq $(($2 + 1)) ]]"
}

# As an operator who edits it, or has run `runc update`: the container has another limit than config.json says.
set_limit() { # FILTER
	on rhel01 sh -c 'cd /runc/containers/eater && jq "$1" config.json >new && mv new config.json' - "$1"
}

refused_by() { # CHECK REGEX
	local status=0
	remember same rhel01 rhel02
	on rhel01 cmigrate move eater rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 3 ]]
	grep -q -E "check '$1': .*$2" "$BATS_TEST_TMPDIR/err"
	unchanged
}

# programs/threads.py
start_threads() { # THREADS CHILDREN FLAG...
	local flags
	flag_args python3 /srv/threads.py "$1" "$2"
	on rhel01 cmigrate generate eater "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind "${@:3}"
	start_container rhel01 eater
	wait_on rhel01 30 "[[ \$(runc exec eater ls /tmp | grep -c ready) -eq $(($2 + 1)) ]]"
}

@test "a limit of processes: a restore has three of its own" {
	start_threads 0 5 --pids-limit 50
	set_limit '.linux.resources.pids.limit = 8'
	refused_by pids-limit "allows container 'eater' 8 processes and threads, and its restore needs 9"
	set_limit '.linux.resources.pids.limit = 9'
	on rhel01 cmigrate -q move --strict eater rhel02
	runs_only_on rhel02 eater
	# config.json's is for the restore alone.
	limits_are rhel02 '^pids.max 50$'
}

@test "a limit of processes counts threads, and a restore has two of its own when it makes those" {
	start_threads 10 0 --pids-limit 50
	set_limit '.linux.resources.pids.limit = 12'
	refused_by pids-limit "allows container 'eater' 12 processes and threads, and its restore needs 13"
	set_limit '.linux.resources.pids.limit = 13'
	on rhel01 cmigrate -q move eater rhel02
	runs_only_on rhel02 eater
}

# Each of these files that the container's cgroups have on a host, with its value.
limits_on() { # HOST
	on "$1" sh -c 'jq -r ".cgroup_paths[]" /run/runc/eater/state.json | sort -u | while read -r dir; do
		cd "$dir" || exit 1
		for file in memory.limit_in_bytes memory.soft_limit_in_bytes memory.max memory.low pids.max \
			cpu.shares cpu.weight cpu.cfs_quota_us cpu.cfs_period_us cpu.max cpuset.cpus; do
			test -e $file && echo $file $(cat $file)
		done
	done' | sort -u
}

limits_are() { # HOST PATTERN...
	local pattern
	limits_on "$1" >"$BATS_TEST_TMPDIR/limits"
	cat "$BATS_TEST_TMPDIR/limits"
	for pattern in "${@:2}"; do
		grep -q -E "$pattern" "$BATS_TEST_TMPDIR/limits"
	done
}

@test "limits that runc update has set move along, and back" {
	start_threads 0 0 --pids-limit 50 --memory 200M
	limits_on rhel01 >"$BATS_TEST_TMPDIR/before"
	on rhel01 runc update --pids-limit 60 --memory 300000000 --memory-swap 300000000 --cpu-quota 150000 \
		--cpu-period 100000 --cpu-share 700 --cpuset-cpus 0 eater
	limits_on rhel01 >"$BATS_TEST_TMPDIR/updated"
	[[ $(<"$BATS_TEST_TMPDIR/before") != "$(<"$BATS_TEST_TMPDIR/updated")" ]]
	on rhel01 cmigrate -q move --strict eater rhel02
	runs_only_on rhel02 eater
	limits_on rhel02 | diff "$BATS_TEST_TMPDIR/updated" -
	limits_are rhel02 '^pids.max 60$' '^memory\.(limit_in_bytes|max) (299999232|300000000)$' '^cpuset.cpus 0$'
	# A move that is undone leaves them as they are.
	local status=0
	on rhel02 cmigrate -q move --endpoint tcp://10.99.0.77:9 --skip-check endpoint --timeout 1 eater rhel01 || status=$?
	[[ $status -eq 4 ]]
	limits_on rhel02 | diff "$BATS_TEST_TMPDIR/updated" -
	# runc there sets config.json's limits again, but for those that it is given.
	on rhel02 runc update --cpu-quota=-1 --pids-limit=-1 --memory 300000000 --memory-swap 300000000 eater
	on rhel02 cmigrate -q move --strict eater rhel01
	limits_are rhel01 '^pids.max max$' '^(cpu.cfs_quota_us -1|cpu.max max 100000)$' '^memory\.(limit_in_bytes|max) (299999232|300000000)$'
}

# Of version 2, which these hosts have not. With another program in runc's place the restore is not parked, and
# reads the limits after the dump.
# bats test_tags=all
@test "a limit that can't be set on the destination is a warning of the move" {
	start_threads 0 0 --pids-limit 50
	wrap_runc rhel02 ''
	on rhel01 bash -c 'CMIGRATE_PAUSE=dump:after cmigrate --json move eater rhel02 </dev/null >/var/out 2>/var/err &
		echo $! >/var/pid
		wait $!' 3>&- &
	wait_paused rhel01
	on rhel01 sh -c 'cd /runc/containers/eater/.cmigrate/images-* && echo "memory.high 5" >>limits; kill -CONT "$(cat /var/pid)"'
	wait $!
	runs_only_on rhel02 eater
	on rhel01 tail -n 1 /var/out | jq -e '.outcome == "moved" and (.warnings[] | select(.check == "limits") |
		.message == "on rhel02 it lacks its limit memory.high 5: No such file or directory" and .remedy != "")'
	on rhel01 grep 'limits: on rhel02 it lacks its limit memory.high 5' /var/out
	on rhel01 cmigrate history | grep -E 'moved +limits '
}

# bats test_tags=all
@test "a restore of a checkpoint has them too" {
	start_threads 0 0 --pids-limit 50
	on rhel01 runc update --pids-limit 60 eater
	on rhel01 cmigrate -q checkpoint eater
	on rhel02 cmigrate -q restore eater
	limits_are rhel02 '^pids.max 60$'
}

@test "a limit of memory: what is used already, and what is shared in post-copy" {
	start_eater 60 2 --memory 120M
	on rhel01 cmigrate check eater rhel02 --strategy post-copy >"$BATS_TEST_TMPDIR/out" || true
	grep -E "^memory-limit +refused .*'eater' is limited to 120 MiB .*its 3 processes may need [12][0-9]{2} MiB; .*--strategy cold" "$BATS_TEST_TMPDIR/out"
	set_limit '.linux.resources.memory.limit = 61000000'
	refused_by memory-limit "allows container 'eater' 58 MiB of memory, and it uses 6[0-9] MiB"
	set_limit '.linux.resources.memory.limit = 125829120'
	on rhel01 cmigrate check eater rhel02 | grep -E '^memory-limit +ok'
	on rhel01 cmigrate -q move eater rhel02
	runs_only_on rhel02 eater
}
