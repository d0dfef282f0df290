#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scripts of src/host by themselves. watch: what is read out of CRIU's log of a restore while it is
# written. status: what a copy of a container does. dump, pass: with how many open files CRIU begins.

top=$BATS_TEST_DIRNAME/../..

setup() {
	run_dir=$BATS_TEST_TMPDIR/run
	mkdir "$run_dir"
	log=$run_dir/restore.log
}

watch() {
	timeout 20 sh "$top/src/host/watch.sh" "$run_dir"
}

# As criu/pie/restorer.c writes them.
log_lines() { # COUNT FORMAT...
	awk -v count="$1" 'BEGIN {
		while (count-- > 0)
			for (i = 1; i < ARGC; i++)
				printf "(%02d.%06d) " ARGV[i] "\n", count / 1000, count
	}' "${@:2}" >>"$log"
}

@test "a pages image that ends too early is said, and its log doesn't fill the disk" {
	log_lines 30000 'pie: 1: Preadv 7f1be5c00000:1052672... (1 iovs)' "pie: 1: \`- returned 0"
	run watch
	[ "$status" -eq 0 ]
	[ "$output" = 'criu repeats itself without end: an image is shorter than it should be' ]
	[ ! -s "$log" ]
}

@test "the many alike lines of a large memory are no failure" {
	log_lines 60000 "pie: 1:    \`- skip pagemap"
	size=$(stat -c %s "$log")
	[ "$size" -gt 2000000 ]
	# After its first look: the restore has ended well.
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nmv "%s" "%s"\n' "$run_dir" "$BATS_TEST_TMPDIR/gone" >"$BATS_TEST_TMPDIR/bin/sleep"
	chmod 755 "$BATS_TEST_TMPDIR/bin/sleep"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run watch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(stat -c %s "$BATS_TEST_TMPDIR/gone/restore.log")" -eq "$size" ]
}

@test "a restore that failed ends the watch without a word: its log says why" {
	log_lines 1 'Error (criu/cr-restore.c:1): Restoring FAILED.'
	run watch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

# CRIU has a pipe, two of them, for every 4 MB of 4 GB.
@test "a dump and a pass begin with as many open files as root may have" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\nulimit -n >"%s"\n' "$BATS_TEST_TMPDIR/files" >"$BATS_TEST_TMPDIR/bin/runc"
	chmod 755 "$BATS_TEST_TMPDIR/bin/runc"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	ulimit -S -n 256
	sh "$top/src/host/dump.sh" runc checkpoint web
	[ "$(cat "$BATS_TEST_TMPDIR/files")" = "$(ulimit -H -n)" ]
	: >"$BATS_TEST_TMPDIR/files"
	sh "$top/src/host/pass.sh" 1 "$run_dir" "$BATS_TEST_TMPDIR/images" web
	[ "$(cat "$BATS_TEST_TMPDIR/files")" = "$(ulimit -H -n)" ]
}

# A runc that calls a container with this first process running.
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

# Where its parts are found.
status_of() { # NAME
	(cd "$top/src/host" && sh status.sh "$1" "$run_dir")
}

@test "a container whose first process is on its way out has stopped, whatever runc says" {
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
