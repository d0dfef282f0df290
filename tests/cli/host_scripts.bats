#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scripts of src/scripts by themselves. watch reads CRIU's log during a restore, status tells the state of a copy,
# criu_locks removes rules, store
# limits place and size, erase finds cgroups. address, bounce, guard, facts and bundles tell an error from an absence.

load ../lib/wait

top=$BATS_TEST_DIRNAME/../..

teardown() {
	[ -z "${holder:-}" ] || kill -9 "$holder" 2>/dev/null || true
	[ -z "${cgroup:-}" ] || rmdir "$cgroup/web9" "$cgroup" 2>/dev/null || true
}

setup() {
	run_dir=$BATS_TEST_TMPDIR/run
	mkdir "$run_dir"
	log=$run_dir/restore.log
}

watch() {
	(cd "$top/src/scripts" && timeout "$(scaled 20)" sh watch.sh "$run_dir")
}

# Lines as criu/pie/restorer.c writes them.
log_lines() { # COUNT FORMAT...
	awk -v count="$1" 'BEGIN {
		while (count-- > 0)
			for (i = 1; i < ARGC; i++)
				printf "(%02d.%06d) " ARGV[i] "\n", count / 1000, count
	}' "${@:2}" >>"$log"
}

@test "a truncated pages image is reported, and its log doesn't fill the disk" {
	log_lines 30000 'pie: 1: Preadv 7f1be5c00000:1052672... (1 iovs)' "pie: 1: \`- returned 0"
	run watch
	[ "$status" -eq 0 ]
	[ "$output" = 'criu repeats itself without end: an image is shorter than it should be' ]
	[ ! -s "$log" ]
}

@test "many similar lines from a large memory are no failure" {
	log_lines 60000 "pie: 1:    \`- skip pagemap"
	size=$(stat -c %s "$log")
	[ "$size" -gt 2000000 ]
	# After its first look the restore has ended well.
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nmv "%s" "%s"\n' "$run_dir" "$BATS_TEST_TMPDIR/gone" >"$BATS_TEST_TMPDIR/bin/sleep"
	chmod 755 "$BATS_TEST_TMPDIR/bin/sleep"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run watch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/gone/restore.log")" -eq "$size" ]
}

@test "a failed restore ends the watch silently: its log has the reason" {
	log_lines 1 'Error (criu/cr-restore.c:1): Restoring FAILED.'
	run watch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# A runc that reports a container with this first process as running.
runc_with() { # PID
	mkdir "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/runc" <<-END
		#!/bin/sh
		echo '{
		  "id": "web",
		  "pid": $1,
		  "status": "running"
		}'
	END
	chmod 755 "$BATS_TEST_TMPDIR/bin/runc"
}

# The directory of its parts.
status_of() { # NAME
	(cd "$top/src/scripts" && sh status.sh "$1" "$run_dir")
}

@test "a container whose first process is exiting has stopped, whatever runc says" {
	coproc PARENT { python3 -c '
import os, sys
pid = os.fork() or os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
sys.stdin.read()'; }
	read -r pid <&"${PARENT[0]}"
	runc_with "$pid"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run status_of web
	[ "$output" = stopped ]
	rm -r "${BATS_TEST_TMPDIR:?}/bin"
	runc_with $$
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run status_of web
	[ "$output" = running ]
	parent=$PARENT_PID in=${PARENT[1]}
	exec {in}>&-
	wait "$parent"
}

# Programs that record how they were called.
stand_in() { # PROGRAM...
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	for program in "$@"; do
		printf '#!/bin/sh\necho "%s $*" >>"%s"\n' "$program" "$BATS_TEST_TMPDIR/calls" >"$BATS_TEST_TMPDIR/bin/$program"
		chmod 755 "$BATS_TEST_TMPDIR/bin/$program"
	done
}

script() { # NAME ARG...: with the parts that it takes in
	(cd "$top/src/scripts" && PATH=$BATS_TEST_TMPDIR/bin:$PATH sh "./$1.sh" "${@:2}")
}

# A container chooses the names of its open files, and CRIU's log has those names.
@test "only rules that CRIU made are removed, not those that a container merely names" {
	stand_in iptables ip6tables nft
	rule='-w -t filter -I INPUT --protocol tcp -m mark ! --mark 0xC114 --source 192.0.2.1 --sport 80 --destination 192.0.2.9 --dport 4000 -j DROP'
	: >"$run_dir/locks"
	{
		echo "(00.030207) 	Running iptables [iptables $rule]"
		echo '(00.030208) Dumping path for 3 fd via self 4 [/tmp/Running iptables [iptables -w -t filter -I INPUT -p tcp --dport 6379 -j DROP]'
		echo '(00.030209) Running iptables [iptables -w -t filter -I INPUT -p tcp --dport 6380 -j DROP]'
		echo "x(00.030209) Running iptables [iptables ${rule/4000/4001}]"
	} >"$run_dir/dump.log"
	run script criu_locks remove "$run_dir" ''
	echo "$output"
	[ "$status" -eq 0 ]
	grep -x "iptables ${rule/-I/-D}" "$BATS_TEST_TMPDIR/calls"
	[ "$(grep -c -e ' -D ' "$BATS_TEST_TMPDIR/calls")" -eq 1 ]
}

@test "store writes only into an existing bundle, and at most 2 MiB" {
	run script store append "$BATS_TEST_TMPDIR/nothere/.cmigrate" history <<<x
	[ "$status" -ne 0 ]
	[ ! -e "$BATS_TEST_TMPDIR/nothere" ]
	mkdir "$BATS_TEST_TMPDIR/web"
	script store append "$BATS_TEST_TMPDIR/web/.cmigrate" history <<<x
	for _ in 1 2 3; do
		head -c 1000000 /dev/zero | script store append "$BATS_TEST_TMPDIR/web/.cmigrate" history || true
	done
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/web/.cmigrate/history")" -le 2097152 ]
	[ "$(script store read "$BATS_TEST_TMPDIR/web/.cmigrate" history | head -n 1)" = x ]
}

@test "store and open follow no symbolic link" {
	local elsewhere=$BATS_TEST_TMPDIR/elsewhere web=$BATS_TEST_TMPDIR/web
	mkdir -p "$elsewhere" "$web/.cmigrate"
	echo '{}' >"$web/config.json"
	echo kept >"$elsewhere/file"
	ln -s "$elsewhere/file" "$web/.cmigrate/history"
	ln -s "$elsewhere/new" "$web/.cmigrate/proof-1"
	for verb in read append replace remove; do
		run script store "$verb" "$web/.cmigrate" history <<<x
		[ "$status" -eq 1 ]
		[[ $output == *'is a symbolic link'* ]]
	done
	script open "$web" 1
	rm "$web/.cmigrate/history" "$web/.cmigrate/proof-1"
	rmdir "$web/.cmigrate"
	ln -s "$elsewhere" "$web/.cmigrate"
	run script store append "$web/.cmigrate" history <<<x
	[ "$status" -eq 1 ]
	script open "$web" 2
	[ "$(ls "$elsewhere")" = file ]
	[ "$(cat "$elsewhere/file")" = kept ]
}

# A container may be called run-web, and its work directory is /run/cmigrate/run-web.
@test "a log of run has no container's name" {
	stand_in_for runc <<-END
		#!/bin/sh
		printf '%s\n' "\$2" >"$BATS_TEST_TMPDIR/log"
	END
	script run web "$BATS_TEST_TMPDIR"
	[[ $(cat "$BATS_TEST_TMPDIR/log") == /run/cmigrate/*@* ]]
}

# A cgroup for the copy of a container called web9, below the one that a restore noted.
make_cgroup() { # NAME
	local hierarchy=/sys/fs/cgroup/pids
	[ -d "$hierarchy" ] || hierarchy=/sys/fs/cgroup
	cgroup=$hierarchy/$1
	mkdir -p "$cgroup/web9" 2>/dev/null || skip 'no right to make cgroups'
	printf '8:pids:/%s\n' "$1" >"$run_dir/cgroup"
	mkdir -p "$BATS_TEST_TMPDIR/bundle"
	echo '{}' >"$BATS_TEST_TMPDIR/bundle/config.json"
}

# Replaces a program, for script(); its text comes from standard input.
stand_in_for() { # PROGRAM
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/$1"
	chmod 755 "$BATS_TEST_TMPDIR/bin/$1"
}

runc_knows_nothing() {
	stand_in_for runc <<<$'#!/bin/sh\n[ "$1" != state ] || { echo "container does not exist" >&2; exit 1; }'
}

# systemd escapes a dash in a slice's name that way.
@test "a copy in a cgroup with a backslash in its name is ended too" {
	make_cgroup "cmigrate\\x2dtest.$$"
	runc_knows_nothing
	unshare -pf --kill-child sleep 60 3>&- &
	holder=$!
	until child=$(cat "/proc/$holder/task/$holder/children") && [ -n "$child" ]; do
		[ -e "/proc/$holder" ]
	done
	child=${child% }
	echo "$child" >"$cgroup/web9/cgroup.procs"
	script erase web9 CMIGRATE_RESTORE=none "$BATS_TEST_TMPDIR/bundle" "$run_dir"
	[ ! -e "/proc/$child/fd/0" ]
	wait "$holder" || true
	holder=
	# Only linux.cgroupsPath counts.
	printf '%s\n' '{"annotations": {"cgroupsPath": "/a b", "x": "\\"cgroupsPath\\": {"}, "linux":' \
		'{"x": {"cgroupsPath": "/a b"}, "cgroupsPath": "/none"}}' >"$BATS_TEST_TMPDIR/bundle/config.json"
	script erase web9 CMIGRATE_RESTORE=none "$BATS_TEST_TMPDIR/bundle" "$run_dir"
	# A place that can't be searched does not count as empty.
	echo '{"linux": {"cgroupsPath": "/a b"}}' >"$BATS_TEST_TMPDIR/bundle/config.json"
	run script erase web9 CMIGRATE_RESTORE=none "$BATS_TEST_TMPDIR/bundle" "$run_dir"
	[ "$status" -ne 0 ]
	[[ $output == *"a cgroupsPath that can't be looked for"* ]]
}

# An exiting program has no environment any more. This one leaves when its cgroup can't be removed.
@test "a cgroup is removed after the process killed in it has exited" {
	make_cgroup "cmigrate-test.$$"
	runc_knows_nothing
	sleep 60 3>&- &
	holder=$!
	echo "$holder" >"$cgroup/web9/cgroup.procs"
	stand_in_for rmdir <<-END
		#!/bin/sh
		/bin/rmdir "\$@" && exit
		kill -9 $holder
		exit 1
	END
	script erase web9 CMIGRATE_RESTORE=none "$BATS_TEST_TMPDIR/bundle" "$run_dir"
	[ ! -e "$cgroup/web9" ]
}

# Here a child of a shell with the mark of a parked restore stands for CRIU's process, two levels below runc.
@test "a restore that waits for a lock is given up, and one that waits for something else is not" {
	log_lines 1 '(flock)flag: 2, type: 1, cmd: 2, pid: 1, fd: 12'
	: >"$BATS_TEST_TMPDIR/locked"
	env "CRIU_CONFIG_FILE=$run_dir/parked.conf" sleep 60 3>&- &
	holder=$!
	run timeout 3 sh -c 'cd "$1/src/scripts" && exec sh watch.sh "$2"' - "$top" "$run_dir"
	[ "$status" -eq 124 ]
	kill "$holder"
	wait "$holder" || true
	# It ends with its holder: the lock is free then.
	flock -o "$BATS_TEST_TMPDIR/locked" env "CRIU_CONFIG_FILE=$run_dir/parked.conf" \
		sh -c 'sh -c "flock \"\$1\" true; :" - "$1"; :' - "$BATS_TEST_TMPDIR/locked" 3>&- &
	holder=$!
	run watch
	[ "$status" -eq 0 ]
	[ "$output" = 'criu waits for a lock on a file that another process holds; try again' ]
}

# The answer "gate" without a process at the gate would let a second copy run.
@test "a gate without its criu holds no process" {
	env "CRIU_CONFIG_FILE=$run_dir/criu.conf" sleep 60 3>&- &
	holder=$!
	until grep -q -a CRIU_CONFIG_FILE "/proc/$holder/environ"; do [ -e "/proc/$holder" ]; done
	runc_with $$
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run status_of web
	[ "$output" = running ]
	kill "$holder"
	wait "$holder" || true
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/bin/criu"
	env "CRIU_CONFIG_FILE=$run_dir/criu.conf" "$BATS_TEST_TMPDIR/bin/criu" 60 3>&- &
	holder=$!
	until [ "$(cat "/proc/$holder/comm")" = criu ]; do [ -e "/proc/$holder" ]; done
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run status_of web
	[ "$output" = gate ]
}

# By default the kernel removes the other addresses of its network too, which belong to other containers.
@test "removing an address leaves the others of its network" {
	unshare -n true 2>/dev/null || skip 'no right to make namespaces'
	run unshare -n sh -c 'cd "$1/src/scripts" && ip link set lo up
		ip addr add 10.98.0.10/24 dev lo && ip addr add 10.98.0.11/24 dev lo && ip addr add 10.98.1.1 peer 10.98.1.2 dev lo
		sh address.sh down "" 10.98.0.10/24@lo && sh address.sh down "" 10.98.1.1/32@ || exit
		ip -o -4 addr show dev lo' - "$top"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *10.98.0.11/24* && $output != *10.98.0.10* && $output != *10.98.1.1* ]]
}

@test "an address does not count as gone if ip can't tell" {
	stand_in true
	printf '#!/bin/sh\nexit 2\n' >"$BATS_TEST_TMPDIR/bin/ip"
	chmod 755 "$BATS_TEST_TMPDIR/bin/ip"
	run script address down '' 192.0.2.7/24@eth0
	[ "$status" -ne 0 ]
}

@test "a table that nft can't delete does not count as gone" {
	stand_in true
	printf '#!/bin/sh\necho "Error: Cannot allocate memory" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/nft"
	chmod 755 "$BATS_TEST_TMPDIR/bin/nft"
	run script bounce clear 0a1b2c3d ''
	[ "$status" -ne 0 ]
	[[ $output == *'Cannot allocate memory'* ]]
	run script guard clear 0a1b2c3d
	[ "$status" -ne 0 ]
	printf '#!/bin/sh\necho "Error: No such file or directory" >&2\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/nft"
	script bounce clear 0a1b2c3d ''
	script guard clear 0a1b2c3d
}

@test "a failing runc does not prove that a name is free" {
	runc_with $$
	printf '#!/bin/sh\n[ "$1" != state ] || { echo "input/output error" >&2; exit 1; }\n' >"$BATS_TEST_TMPDIR/bin/runc"
	run script facts web "$BATS_TEST_TMPDIR" 20260102T030405-0a1b2c3d destination strategy=cold peer=localhost
	[[ $output != *complete=yes* ]]
	printf '#!/bin/sh\n[ "$1" != state ] || { echo "container does not exist" >&2; exit 1; }\n' >"$BATS_TEST_TMPDIR/bin/runc"
	run script facts web "$BATS_TEST_TMPDIR" 20260102T030405-0a1b2c3d destination strategy=cold peer=localhost
	[[ $output == *complete=yes* ]]
}

# A find that prints this in addition to its results.
find_says() { # TEXT
	stand_in_for find <<-END
		#!/bin/sh
		/usr/bin/find "\$@"
		echo "find: $1" >&2
		exit 1
	END
}

@test "bundles: a directory that vanishes is no failure, one that can't be read is" {
	mkdir -p "$run_dir"/root/{a,b}/.cmigrate
	touch "$run_dir/root/a/.cmigrate/journal"
	ln -s root "$run_dir/link"
	run script bundles "$run_dir/link" journal
	[ "$status" -eq 0 ]
	[ "$output" = "$run_dir/link/a/.cmigrate/journal" ]
	find_says "'$run_dir/root/c/.cmigrate': No such file or directory"
	run script bundles "$run_dir/root" journal
	[ "$status" -eq 0 ]
	[ "$output" = "$run_dir/root/a/.cmigrate/journal" ]
	find_says "'$run_dir/root/c': Input/output error"
	run script bundles "$run_dir/root" journal
	[ "$status" -eq 1 ]
	[[ $output == *'Input/output error' ]]
	run script bundles "$run_dir/none" journal
	[ "$status" -eq 1 ]
}

@test "a runc that fails for a moment: the container exists, whatever its annotations say" {
	stand_in_for runc <<-END
		#!/bin/sh
		mkdir "$run_dir/failed" 2>/dev/null && exit 1
		echo '{"status": "running", "annotations": {"note": "does not exist"}}'
	END
	run script state web
	[ "$status" -eq 0 ]
	[[ $output == 'state={"status": "running"'* ]]
}

@test "run: a host without runc says so, with the remedy" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for program in sh mkdir tail rm rmdir; do
		ln -s "$(command -v "$program")" "$BATS_TEST_TMPDIR/bin"
	done
	status=0
	output=$(PATH=$BATS_TEST_TMPDIR/bin script run web "$BATS_TEST_TMPDIR" 2>&1) || status=$?
	[ "$status" -eq 127 ]
	[ "$output" = "there is no 'runc': install runc 1.1 or newer there" ]
}
