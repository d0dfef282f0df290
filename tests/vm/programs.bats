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

# The database's directory is on the NFS server, and postgres owns it. It is the package's, because to make one takes
# minutes.
make_postgres() {
	local flags program
	on rhel01 bash -e -c '
		mkdir -p /runc/real/{usr,etc,run,tmp,proc,sys,dev,data}
		for name in bin sbin lib lib64; do ln -sfn "usr/$name" "/runc/real/$name"; done
		cp -a /var/lib/postgresql/*/main /runc/pg
		: >/runc/pg/postgresql.conf
		: >/runc/pg/pg_ident.conf
		echo "host all all 10.99.0.0/24 trust" >/runc/pg/pg_hba.conf
		chown postgres:postgres /runc/pg/*.conf'
	program=$(on rhel01 bash -c 'echo /usr/lib/postgresql/*/bin/postgres')
	flag_args "$program" -D /data -c listen_addresses='*' -c unix_socket_directories=/tmp
	on rhel01 cmigrate generate pg "${flags[@]}" --network host --tmpfs /tmp --tmpfs /run --read-only --rootfs /runc/real \
		--bind /usr:/usr:ro,bind --bind /etc:/etc:ro,bind --bind /runc/pg:/data --uid "$(on rhel01 id -u postgres)" \
		--gid "$(on rhel01 id -g postgres)" --address "$address/24" --endpoint "tcp://$address:5432" --timeout "$patience"
}

# A session of psql on the client, which reads a pipe.
begin_session() {
	on client mkfifo /tmp/sql
	on client bash -c 'exec psql -h "$1" -U postgres -At <>/tmp/sql >/tmp/session 2>&1' - "$address" 3>&- &
	session=$!
}

tell_session() { # LINE...
	on client bash -c 'printf "%s\n" "$@" >/tmp/sql' - "$@"
}

# The user of the container's first process.
user_of() { # HOST
	on "$1" bash -c 'stat -c %U "/proc/$(runc state pg | jq .pid)"'
}

@test "postgresql as its own user moves there and back: the same processes, its sequence and a session's transaction go on" {
	local began from=rhel01 to=rhel02 n=1
	make_postgres
	start_container rhel01 pg
	ask 'CREATE SEQUENCE s; CREATE TABLE t (n INT)'
	[[ $(ask "SELECT nextval('s')") -eq 1 ]]
	began=$(ask 'SELECT pg_postmaster_start_time()')
	begin_session
	tell_session 'SELECT pg_backend_pid();' 'BEGIN; INSERT INTO t VALUES (7); SELECT count(*) FROM t;'
	wait_on client 60 'grep -q -x 1 /tmp/session'
	[[ $(ask 'SELECT count(*) FROM t') -eq 0 ]]
	for _ in 1 2; do
		say "$(on "$from" cmigrate --json move --timeout "$patience" pg "$to" |
			jq -c 'select(.event == "summary") | [.outcome, .strategy, .outage_ms, .freeze_ms, .total_ms]')"
		runs_only_on "$to" pg $address
		[[ $(user_of "$to") == postgres ]]
		[[ $(ask "SELECT nextval('s')") -eq $((++n)) ]]
		[[ $(ask 'SELECT pg_postmaster_start_time()') == "$began" ]]
		read -r from to <<<"$to $from"
	done
	tell_session 'COMMIT; SELECT pg_backend_pid();' '\q'
	wait "$session"
	# INSERT and COMMIT are said too.
	[[ $(on client grep -c -x "$(on client head -n 1 /tmp/session)" /tmp/session) -eq 2 ]]
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
