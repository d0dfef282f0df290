#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# check --rehearse: the real dump and the real restore, and the container stays where it is.

load lib/lab
load lib/containers
load lib/snapshot

setup_file() {
	start_lab t-rehearse 600
	learn_kernels
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# It counts, serves a socket in a shared directory, and writes there on which host it runs.
writer='import os, socket, threading, time
server = socket.socket(socket.AF_UNIX)
server.bind("/srv/socket")
server.listen()
tcp = socket.create_server(("ADDRESS", 8000))
def serve():
    while True:
        connection, _ = server.accept()
        connection.sendall(b"served\n")
        connection.close()
threading.Thread(target=serve, daemon=True).start()
log = open("/srv/log", "a")
n = 0
while True:
    n += 1
    log.write("%d %s\n" % (n, open("/tmp/name").read().strip()))
    log.flush()
    time.sleep(0.02)
'

make_writer() { # NAME ADDRESS
	local flags host
	flag_args python3 -c "${writer//ADDRESS/${2%/*}}"
	for host in rhel01 rhel02; do
		on $host sh -c 'uname -n >/var/name'
	done
	on rhel01 mkdir -p /runc/shared
	on rhel01 sh -c 'rm -f /runc/shared/*'
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" --bind /runc/shared:/srv --bind /var/name:/tmp/name \
		--address "$2" --endpoint "tcp://${2%/*}:8000"
	start_container rhel01 "$1"
	wait_on rhel01 10 'test -s /runc/shared/log'
}

rehearse() { # [OPTION...]: sets status, row and summary
	on rhel01 cmigrate --json check --rehearse "$@" writer rhel02 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" && status=0 || status=$?
	row=$(jq -c 'select(.event == "rehearsal")' "$BATS_TEST_TMPDIR/out")
	summary=$(tail -n 1 "$BATS_TEST_TMPDIR/out")
	say "$status $row $(jq -c '[.outcome, .exit_code, .freeze_ms, .error]' <<<"$summary")"
	cat "$BATS_TEST_TMPDIR"/{out,err}
}

goes_on() {
	runs_only_on rhel01 writer 10.99.0.101
	[[ $(on rhel01 sh -c 'runc state writer | jq .pid') == "$pid" ]]
	[[ $(on rhel01 python3 -c 'import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/runc/shared/socket")
print(s.recv(9).decode().strip())') == served ]]
	[[ -z $(on rhel01 grep -v ' rhel01$' /runc/shared/log) ]]
	before=$(on rhel01 tail -n 1 /runc/shared/log | cut -d' ' -f1)
	wait_on rhel01 10 "[[ \$(tail -n 1 /runc/shared/log | cut -d' ' -f1) -gt $before ]]"
	unchanged
}

begin() {
	make_writer writer 10.99.0.101/32
	pid=$(on rhel01 sh -c 'runc state writer | jq .pid')
	remember rhel01 rhel02
}

@test "a rehearsal measures the freeze and the restore, runs nothing there, and leaves nothing" {
	begin
	rehearse
	[[ $status -eq 0 && $(jq -r .outcome <<<"$summary") == rehearsed ]]
	jq -e '.freeze_ms > 0 and .dump_ms > 0 and .restore_ms > 0 and .image_bytes > 100000 and .bytes_second > 0' <<<"$row"
	goes_on
	on rhel01 cmigrate check --rehearse writer rhel02 | tee "$BATS_TEST_TMPDIR/text"
	grep -E "^rehearsed 'writer' from rhel01 to rhel02: frozen [0-9]+ ms; [0-9.]+ [KMG]iB of images, .* a second; the restore took [0-9]+ ms, and nothing of it ran$" \
		"$BATS_TEST_TMPDIR/text"
	goes_on
	# It moves as before.
	on rhel01 cmigrate -q move writer rhel02
	runs_only_on rhel02 writer 10.99.0.101
}

@test "a restore that fails is told with CRIU's error, and the container goes on" {
	begin
	on rhel01 sh -c 'file=/runc/containers/writer/config.json; jq ".linux.resources.pids.limit = 1" $file >/var/new; cat /var/new >$file'
	remember rhel01 rhel02
	rehearse --skip-check pids-limit
	[[ $status -eq 4 && $(jq -r .error <<<"$summary") == *'restore failed'* ]]
	goes_on
}

@test "a rehearsal whose controller is killed: recover lets the source go on, at each step" {
	begin
	for point in prepare:after freeze:before freeze:after dump:before dump:after go-on:before go-on:after try:before try:after clean:after; do
		on rhel01 env CMIGRATE_FAULT=$point cmigrate -q check --rehearse writer rhel02 && return 1
		on rhel01 cmigrate recover writer >"$BATS_TEST_TMPDIR/said" 2>&1 || { echo "$point: $?"; cat "$BATS_TEST_TMPDIR/said"; return 1; }
		cat "$BATS_TEST_TMPDIR/said"
		goes_on || { echo "$point"; return 1; }
	done
}
