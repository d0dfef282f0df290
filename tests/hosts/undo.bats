#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# A move that fails on its way is undone: the container goes on where it was, nothing is left.

load lib/lab
load lib/containers
load lib/snapshot
load lib/faults

address=10.99.0.102

setup_file() {
	start_lab t-undo 600
	learn_kernels
}

teardown_file() {
	end_lab
}

setup() {
	make_server server $address/32 8000
	start_container rhel01 server
	state=$(server_state)
}

teardown() {
	unwrap rhel01 rhel02
	on rhel01 rm -rf /etc/criu
	remove_containers rhel01 rhel02
}

server_state() {
	on client curl -s -m $patience "http://$address:8000/state"
}

# The very processes from before go on, with their memory, and nowhere else.
goes_on() {
	local before=$state
	state=$(server_state)
	echo "$state"
	jq -e -n --argjson a "$before" --argjson b "$state" '
		$b.count > $a.count and $b.ticks >= $a.ticks and $b.sum == $a.sum and $b.errors == []' >/dev/null
	runs_only_on rhel01 server $address
}

# No process of a restore, a dump or a watcher of one on any host.
nothing_spins() {
	local host
	for host in rhel01 rhel02; do
		if on "$host" pgrep -l -x 'criu|runc'; then
			return 1
		fi
	done
}

# A move that is to fail with 4: it does, within SECONDS, scaled, its message matches REGEX, and all is as before.
# The time is far below the deadlines of the steps: nobody waited for one, unless the test is about that.
fails_and_is_undone() { # SECONDS REGEX [OPTION...]
	local begin status=0 ms
	remember rhel01 rhel02 client
	begin=$(now_ms)
	if [[ -n ${at_gate:-} ]]; then
		move_stopped_at_gate "$at_gate" || status=$?
	else
		on rhel01 cmigrate --quiet move "${@:3}" server rhel02 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	fi
	ms=$(($(now_ms) - begin))
	say "$ms ms: $(cut -c1-230 "$BATS_TEST_TMPDIR/err")"
	[[ $status -eq 4 ]]
	[[ $ms -lt $(($1 * 1000 * ${TEST_SLOWNESS:-1})) ]]
	grep -q -E -e "$2" "$BATS_TEST_TMPDIR/err"
	nothing_spins
	goes_on
	unchanged
}

# SCRIPT is run in the images directory when the images are complete, with the restore parked.
move_stopped_at_gate() { # SCRIPT
	on rhel01 bash -c '
		CMIGRATE_PAUSE=dump:after cmigrate --quiet move server rhel02 </dev/null >/dev/null 2>/var/err &
		pid=$!
		exec {never}<> <(:)
		until read -r stat <"/proc/$pid/stat" && [[ $stat == *") T "* ]]; do read -r -t 0.02 -u "$never"; done
		ssh -n rhel02 "grep -l -a -z ^CRIU_CONFIG_FILE=.*/parked.conf /proc/[0-9]*/environ" 2>/dev/null | grep -q . || echo "no restore is parked" >&2
		cd /runc/containers/server/.cmigrate/images-* && eval "$1"
		kill -CONT "$pid"
		wait "$pid"
		status=$?
		cat /var/err >&2
		exit "$status"' - "$1" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
}

damage() { # SCRIPT
	wrap_runc rhel02 "[ -z \"\$restoring\" ] || (cd \"\$images\" && $1)"
}

# bats test_tags=all
@test "an image that is missing" {
	damage 'rm -f core-1.img'
	fails_and_is_undone 20 'core-1|images are incomplete'
}

# bats test_tags=all
@test "pages that are missing" {
	damage 'rm -f pages-1.img'
	fails_and_is_undone 20 'pages'
}

@test "pages that are cut off" {
	damage 'truncate -s 20480 pages-1.img'
	fails_and_is_undone 20 'pages-1\.img|shorter|repeats'
}

# bats test_tags=all
@test "an image that is cut off" {
	damage 'truncate -s 30 mm-1.img'
	fails_and_is_undone 20 'mm-1|mm\.|Unexpected EOF|failed'
}

# bats test_tags=all
@test "an image with flipped bytes" {
	damage 'printf "\377\377\377\377" | dd of=core-1.img bs=1 seek=12 conv=notrunc 2>/dev/null'
	fails_and_is_undone 20 'core|size|Error|failed'
}

# The same with a restore that has been started before: a script in the place of runc keeps it from that.
@test "an image that is missing at the gate" {
	at_gate='rm -f core-1.img'
	fails_and_is_undone 20 'core-1|images are incomplete'
	! grep -q parked "$BATS_TEST_TMPDIR/err"
}

# bats test_tags=all
@test "pages that are cut off at the gate" {
	at_gate='truncate -s 20480 pages-1.img'
	fails_and_is_undone 20 'pages-1\.img|shorter|repeats'
}

# bats test_tags=all
@test "an image that is flipped at the gate" {
	at_gate='printf "\377\377\377\377" | dd of=core-1.img bs=1 seek=12 conv=notrunc 2>/dev/null'
	fails_and_is_undone 20 'core|size|Error|failed'
}

# bats test_tags=all
@test "a parked restore that is killed at the gate" {
	at_gate='ssh -n rhel02 "kill -9 \$(grep -l -a -z ^CRIU_CONFIG_FILE=.*/parked.conf /proc/[0-9]*/environ | cut -d/ -f3)"'
	fails_and_is_undone 20 'restore'
}

# bats test_tags=all
@test "no runc any more at the restore" {
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo "no more runc" >&2; exit 1; }'
	fails_and_is_undone 20 'no more runc'
}

@test "a dump that does not end as long as the container is frozen: the way back thaws first" {
	wrap_runc rhel01 'case " $* " in
		*" checkpoint "*)
			/usr/sbin/runc "$@"
			status=$?
			while grep -q -s -x -e FROZEN -e 1 /sys/fs/cgroup/freezer/server/freezer.state /sys/fs/cgroup/server/cgroup.freeze; do sleep 0.05; done
			exit $status
			;;
		esac'
	wrap_runc rhel02 '[ -z "$restoring" ] || { echo "no more runc" >&2; exit 1; }'
	fails_and_is_undone 20 'no more runc'
}

@test "a restore that never ends is ended, and all that it started" {
	wrap_runc rhel02 '[ -z "$restoring" ] || { setsid sleep 1000 & exec sleep 1000; }'
	fails_and_is_undone 60 'did not end|within'
	# The undo is part of the limit that the message names.
	[[ $(cat "$BATS_TEST_TMPDIR/err") =~ 'it was frozen for '([0-9]+)\.[0-9]+' s, and its limit is '([0-9]+)' s' ]]
	[[ ${BASH_REMATCH[1]} -lt ${BASH_REMATCH[2]} ]]
}

@test "a dump that fails" {
	on rhel01 mkdir -p /etc/criu
	on rhel01 sh -c 'echo "tcp-established-typo" >/etc/criu/runc.conf'
	fails_and_is_undone 20 'dump|criu'
}

@test "an endpoint that never answers: rollback, and keep" {
	on client curl -s -m $patience "http://$address:8000/silent" >/dev/null
	state=$(server_state)
	fails_and_is_undone 60 'answer' --timeout 1 --if-silent rollback
	on rhel01 cmigrate --quiet move --timeout 1 --if-silent keep server rhel02 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 5 ]]
	grep -q 'answer' "$BATS_TEST_TMPDIR/err"
	runs_only_on rhel02 server $address
	[[ $(server_state | jq -c .errors) == '[]' ]]
}

signal_at_poll() { # SIGNAL
	on client curl -s -m $patience "http://$address:8000/silent" >/dev/null
	state=$(server_state)
	remember rhel01 rhel02 client
	on rhel01 bash -c '
		cmigrate --quiet --verbose move --timeout 60 server rhel02 >/var/out 2>/var/err &
		pid=$!
		exec {never}<> <(:)
		# Its probe waits for an answer: not the question before the move, which is asked here.
		until [[ -z $(ip -o addr show to "$2") ]] && ss -Htn state established dst "$2" dport = :8000 | grep -q .; do
			[[ -e /proc/$pid ]] || exit 90
			read -r -t 0.02 -u "$never"
		done
		begin=${EPOCHREALTIME/./}
		kill -s "$1" "$pid"
		wait "$pid"
		status=$?
		echo "$(((${EPOCHREALTIME/./} - begin) / 1000)) ms from the signal to the end" >&2
		tail -n 1 /var/err >&2
		exit "$status"' - "$1" "$address" 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	say "$1: $(tr '\n' ' ' <"$BATS_TEST_TMPDIR/err" | cut -c1-200)"
	[[ $status -eq 4 ]]
	grep -q signal "$BATS_TEST_TMPDIR/err"
	nothing_spins
	goes_on
	unchanged
}

@test "SIGINT while the endpoint is silent" {
	signal_at_poll INT
}

# bats test_tags=all
@test "SIGTERM while the endpoint is silent" {
	signal_at_poll TERM
}

# bats test_tags=all
@test "SIGHUP while the endpoint is silent" {
	signal_at_poll HUP
}
