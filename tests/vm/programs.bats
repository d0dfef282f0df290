#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # single quotes: for a host's shell; variables of lib
# What tests/containers can't have: programs that refuse to be root, on hosts that let others be dumped, and kernel TLS.
# check-all: it boots machines of its own, with more packages.

load ../hosts/lib/lab
load ../hosts/lib/containers

patience=$(scaled 120)
address=10.99.0.100

setup_file() {
	export LAB_VM=1 LAB_EXTRA_PACKAGES=postgresql
	start_lab t-vm-programs 900
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

ask() { # SQL
	on rhel01 psql -h "$address" -U postgres -Atc "$1"
}

# The database's directory is on the NFS server, and postgres owns it; it is the package's, because to make one takes
# minutes. A line of shell sees its programs as $bin.
as_postgres() { # LINE
	on rhel01 bash -c 'bin=$(echo /usr/lib/postgresql/*/bin) && cd / && eval "$1"' - "$1"
}

make_postgres() {
	local flags uid
	as_postgres '
		mkdir -p /runc/real/{usr,etc,run,tmp,proc,sys,dev,data}
		for name in bin sbin lib lib64; do ln -sfn "usr/$name" "/runc/real/$name"; done
		cp -a /var/lib/postgresql/*/main /runc/pg
		: >/runc/pg/postgresql.conf
		: >/runc/pg/pg_ident.conf
		echo "host all all 10.99.0.0/24 trust" >/runc/pg/pg_hba.conf
		chown postgres:postgres /runc/pg/*.conf'
	uid=$(on rhel01 id -u postgres)
	flag_args "$(as_postgres 'echo $bin')/postgres" -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp
	on rhel01 cmigrate generate pg "${flags[@]}" --network host --tmpfs /tmp --tmpfs /run --read-only --rootfs /runc/real \
		--bind /usr:/usr:ro,bind --bind /etc:/etc:ro,bind --bind /runc/pg:/data --uid "$uid" --gid "$(on rhel01 id -g postgres)" \
		--address "$address/24" --endpoint "tcp://$address:5432" --timeout "$patience"
}

@test "postgresql as its own user moves there and back: the same processes, its sequence and a session's transaction go on" {
	local began from=rhel01 to=rhel02 n=1
	make_postgres
	start_container rhel01 pg
	ask 'CREATE SEQUENCE s; CREATE TABLE t (n INT)' >/dev/null
	[[ $(ask "SELECT nextval('s')") -eq 1 ]]
	began=$(ask 'SELECT pg_postmaster_start_time()')
	# A session that has begun a transaction, and commits it after the last move.
	on client bash -c 'exec {lines}> >(psql -h "$1" -U postgres -At >/tmp/session 2>&1; echo "ended" >>/tmp/session)
		echo "BEGIN; INSERT INTO t VALUES (7); SELECT count(*) FROM t;" >&$lines
		until [[ -e /tmp/commit ]]; do read -r -t 0.5 <> <(:) || true; done
		echo "COMMIT; SELECT pg_backend_pid() > 0;" >&$lines; exec {lines}>&-; wait $!' - "$address" 3>&- &
	session=$!
	wait_on client 60 'grep -q -x 1 /tmp/session'
	[[ $(ask 'SELECT count(*) FROM t') -eq 0 ]]
	for _ in 1 2; do
		on "$from" cmigrate -q move --timeout "$patience" pg "$to"
		runs_only_on "$to" pg $address
		[[ $(ask "SELECT nextval('s')") -eq $((++n)) ]]
		[[ $(ask 'SELECT pg_postmaster_start_time()') == "$began" ]]
		[[ $(on "$to" bash -c 'stat -c %U "/proc/$(runc state pg | jq .pid)"') == postgres ]]
		read -r from to <<<"$to $from"
	done
	on client touch /tmp/commit
	wait "$session"
	[[ $(on client tail -n 2 /tmp/session) == $'t\nended' ]]
	[[ $(ask 'SELECT n FROM t') -eq 7 ]]
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
