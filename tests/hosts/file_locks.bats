#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # variables of lib; single quotes: for a host's shell
# A container that holds locks on files keeps them, wherever the files are.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

setup_file() {
	start_lab t-flocks 600
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	unwrap rhel01 rhel02
	remove_containers rhel01 rhel02
	on rhel01 rm -rf /runc/data
}

# programs/locker.py with its files in DIRECTORY; /data is on the shared directory.
start_locker() { # DIRECTORY
	local flags
	on rhel01 mkdir -p /runc/data
	flag_args python3 /srv/locker.py "$1"
	on rhel01 cmigrate generate locker "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind --bind /runc/data:/data:rw,bind
	start_container rhel01 locker
	wait_on rhel01 20 'runc exec locker test -s /tmp/count'
	held=$(locks_of rhel01)
	[[ $1 == - || $(wc -l <<<"$held") -eq 8 ]]
	counted=0
}

# Kind, access and file of each lock of the first process, and whether it is that process that holds it.
locks_of() { # HOST
	on "$1" bash -c '
		pid=$(runc state locker | jq .pid)
		for fd in /proc/$pid/fd/*; do
			awk -v path="$(readlink "$fd")" "/^lock:/ {print \$3, \$5, path}" "/proc/$pid/fdinfo/${fd##*/}"
		done | sort'
}

# It goes on there with its memory and its locks, which nobody else gets.
goes_on() { # HOST DIRECTORY
	local counted_now
	runs_only_on "$1" locker
	counted_now=$(on "$1" runc exec locker cat /tmp/count)
	[[ $counted_now -gt $counted ]]
	counted=$counted_now
	diff <(echo "$held") <(locks_of "$1")
	[[ -z $(on "$1" runc exec locker python3 /srv/locker.py "$2" again) ]]
}

move_locker() { # FROM TO [OPTION...]
	on "$1" cmigrate --json move locker "$2" "${@:3}" >"$BATS_TEST_TMPDIR/out"
	grep '"event": *"summary"' "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/summary"
}

@test "locks of each kind on a shared file move, there and back: the copy that holds them ends first" {
	start_locker /data
	on rhel01 cmigrate move locker rhel02 --dry-run >"$BATS_TEST_TMPDIR/plan" 2>&1
	grep -F 'the copy on rhel01 ends before the restore: a failure goes back to the images' "$BATS_TEST_TMPDIR/plan"
	on rhel01 cmigrate check locker rhel02 | grep -E '^locks +warning .*process [0-9]+, (FLOCK|POSIX|OFDLCK|LEASE) (READ|WRITE), /data/'
	move_locker rhel01 rhel02
	[[ $(jq -r .way_back "$BATS_TEST_TMPDIR/summary") == images ]]
	[[ $(jq -c '[.steps[].name] | [index("end-first"), index("restore")] | .[0] < .[1]' "$BATS_TEST_TMPDIR/summary") == true ]]
	goes_on rhel02 /data
	move_locker rhel02 rhel01 --file-locks
	goes_on rhel01 /data
}

@test "a shared file that is locked: a restore that fails leads back to the source, from the images" {
	local status=0
	start_locker /data
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	remember rhel01 rhel02
	on rhel01 cmigrate -q move locker rhel02 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 4 ]]
	goes_on rhel01 /data
	unchanged
}

@test "a shared file that is locked: images that the destination sees otherwise leave the source's copy alone" {
	start_locker /data
	on rhel01 bash -c 'CMIGRATE_PAUSE=prepare:after cmigrate -q move locker rhel02 </dev/null >/var/err 2>&1 & echo $! >/var/pid'
	wait_paused rhel01
	on rhel02 bash -c '
		mkdir /tmp/other
		for file in inventory.img pstree.img descriptors.json; do echo x >/tmp/other/$file; done
		mount --bind /tmp/other /runc/containers/locker/.cmigrate/images-*'
	on rhel01 sh -c 'kill -CONT "$(cat /var/pid)"; tail --pid="$(cat /var/pid)" -s 0.05 -f /dev/null; cat /var/err' \
		>"$BATS_TEST_TMPDIR/err"
	cat "$BATS_TEST_TMPDIR/err"
	on rhel02 rm -r /tmp/other
	grep -q '^cmigrate: undone: .*the images that rhel02 sees are not those that rhel01 wrote' "$BATS_TEST_TMPDIR/err"
	goes_on rhel01 /data
}

# bats test_tags=all
@test "a shared file that is locked: whenever cmigrate dies, recover finds one copy with its locks" {
	local where here=rhel01 there=rhel02 other
	start_locker /data
	for where in dump:after end-first:before end-first:after restore:before restore:after answer:after; do
		say "$where"
		on $here env CMIGRATE_FAULT=$where cmigrate -q move locker $there >/dev/null 2>&1 || true
		on $here cmigrate -q recover locker
		if [[ $(state_of $there locker) == running ]]; then
			other=$here here=$there there=$other
		fi
		goes_on $here /data
		[[ -z $(on rhel01 sh -c 'ls -d /run/cmigrate/locker /runc/containers/locker/.cmigrate/images-* 2>/dev/null') ]]
	done
}

# bats test_tags=all
@test "a shared file that is locked: dying on the way back" {
	local where
	start_locker /data
	wrap_runc rhel02 '[ -z "$restoring" ] || exit 1'
	for where in restore:undo dump:undo freeze:undo; do
		say "$where"
		on rhel01 env CMIGRATE_FAULT=$where cmigrate -q move locker rhel02 >/dev/null 2>&1 || true
		on rhel01 cmigrate -q recover locker
		goes_on rhel01 /data
	done
}

# A move whose container takes locks on the shared directory when the checks are done. Leaves its exit
# code in status, its messages in err.
move_taking_more() {
	on rhel01 rm -f /var/pid
	on rhel01 bash -c 'CMIGRATE_PAUSE=hold:before cmigrate -q move locker rhel02 </dev/null >/dev/null 2>/var/err & echo $! >/var/pid
		wait $!; echo $? >/var/status' &
	wait_paused rhel01
	on rhel01 runc exec locker sh -c 'printf /data >/tmp/new; mv /tmp/new /tmp/take; while [ -e /tmp/take ]; do sleep 0.01; done'
	on rhel01 sh -c 'kill -CONT "$(cat /var/pid)"'
	wait $! || true
	status=$(on rhel01 cat /var/status)
	on rhel01 cat /var/err | tee "$BATS_TEST_TMPDIR/err"
	held=$(locks_of rhel01)
}

@test "a lock on a shared file that is taken after the checks: the restore does not wait for it" {
	start_locker /tmp
	move_taking_more
	[[ $status -eq 4 ]]
	grep -q 'rhel02: criu waits for a lock on a file that another process holds; try again' "$BATS_TEST_TMPDIR/err"
	goes_on rhel01 /data
}

@test "a first lock that is taken after the checks: the dump fails, and names it" {
	start_locker -
	move_taking_more
	[[ $status -eq 4 ]]
	grep -q -i 'file locks' "$BATS_TEST_TMPDIR/err"
	goes_on rhel01 /data
}

@test "post-copy keeps the source's copy, and is refused for a shared file that is locked" {
	local status=0
	start_locker /data
	remember same rhel01 rhel02
	on rhel01 cmigrate move locker rhel02 --strategy post-copy 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 3 ]]
	grep -q "check 'locks': with post-copy both copies would need a lock .*/data/.*--strategy cold" "$BATS_TEST_TMPDIR/err"
	unchanged
}

@test "a checkpoint keeps locks, and its restore takes them" {
	start_locker /data
	on rhel01 cmigrate -q checkpoint locker
	on rhel02 cmigrate -q restore locker --on rhel02
	goes_on rhel02 /data
}
