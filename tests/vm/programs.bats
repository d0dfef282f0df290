#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# Kernel TLS, which tests/containers can't have because it depends on the kernel.
# check-all: it boots machines of its own.

load ../hosts/lib/lab
load ../hosts/lib/containers

patience=$(scaled 120)

setup_file() {
	export LAB_VM=1
	start_lab t-vm-programs 900
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

@test "kernel TLS is refused, because the destination would send plain text; with --tcp-close it moves" {
	local flags
	on rhel01 modprobe tls
	flag_args python3 -c '
import socket, time
server = socket.create_server(("127.0.0.1", 4430))
client = socket.create_connection(("127.0.0.1", 4430))
there = server.accept()[0]
client.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
open("/tmp/ready", "w")
time.sleep(1e6)'
	on rhel01 cmigrate generate tls "${flags[@]}" "${common_flags[@]}"
	start_container rhel01 tls
	wait_on rhel01 60 'runc exec tls test -e /tmp/ready'
	run on rhel01 cmigrate move --tcp-established tls rhel02
	echo "$output"
	[[ $status -eq 3 ]]
	[[ $output == *"check 'tcp-keys'"*"kernel TLS, 127.0.0.1:"*" to 127.0.0.1:4430, process "*"--tcp-close"* ]]
	runs_only_on rhel01 tls
	on rhel01 cmigrate -q move --tcp-close --timeout "$patience" tls rhel02
	runs_only_on rhel02 tls
}
