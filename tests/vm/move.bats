#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Tests what only a host with its own kernel shows: cgroup v2, real NFS, workers of another user, sch_plug. The hosts
# are emulated virtual machines, which take seconds instead of milliseconds, so clients wait for minutes.
# `make check` has one boot of them: the article's move, pre-copy, and the loss of a host.

load ../hosts/lib/lab
load ../hosts/lib/containers
load ../hosts/lib/faults
load ../hosts/lib/redis
load ../hosts/lib/traffic

patience=$(scaled 120)
address=10.99.0.101

setup_file() {
	export LAB_VM=1
	start_lab t-vm 1700
}

teardown_file() {
	end_lab
}

teardown() {
	mount_again rhel01 rhel02
	remove_containers rhel01 rhel02
}

# The article's container: Apache httpd, its workers run as www-data.
make_httpd() { # NAME [WORD...]
	local host flags
	flag_args "${@:2}"
	[[ $# -gt 1 ]] || flag_args /usr/sbin/httpd -DFOREGROUND
	for host in rhel01 rhel02; do
		on "$host" sh -c 'mkdir -p "/tmp/$1" && uname -n >"/tmp/$1/index.html"' - "$1"
	done
	on rhel01 cmigrate generate "$1" "${flags[@]}" \
		--network host --tmpfs /tmp --tmpfs /run --tmpfs /var/log/httpd --tmpfs /run/httpd \
		--read-only --bind "/tmp/$1:/var/www/html" --rootfs /runc/rootfs \
		--label org.cmigrate.address=10.99.0.100/24 --label org.cmigrate.endpoint=http://rhel0x/
}

# Both commands also end with 0 if nothing else was mounted.
mount_again() { # HOST... ; options in $mount_options
	local host
	for host in "$@"; do
		on "$host" bash -c '
			umount /mnt 2>/dev/null
			options=vers=4.1,hard,${1:-rw}
			[[ $options != "$(cat /run/mounted 2>/dev/null || echo vers=4.1,hard,rw)" ]] || exit 0
			umount --lazy /runc/rootfs /runc
			mount -t nfs4 -o "$options" nfs:/runc /runc
			mount -t nfs4 -o "$options,ro" nfs:/rootfs /runc/rootfs
			echo "$options" >/run/mounted' - "${mount_options:-}"
	done
}

# Pids of the container's processes that belong to www-data.
workers() { # HOST
	on "$1" sh -c 'for pid in $(runc ps --format json "$1" | tr -cs 0-9 " "); do
		[ "$(stat -c %U "/proc/$pid")" != www-data ] || echo "$pid"; done | wc -l' - "$2"
}

# The first of them answers before the last is there.
has_its_workers() {
	[[ $(workers rhel01 httpd) -ge 5 ]]
}

move() { # FROM TO NAME [OPTION...]
	local out
	out=$(on "$1" cmigrate --json move --timeout "$patience" "${@:4}" "$3" "$2") || {
		echo "$out" | tail -n 1
		return 1
	}
	summary=$(tail -n 1 <<<"$out")
	say "$3 to $2: $(jq -r '"\(.strategy), outage \(.outage_ms) ms, frozen \(.freeze_ms) ms, \(.memory_bytes) bytes"' <<<"$summary")"
}

field() { # FILTER
	jq -r "$1" <<<"$report"
}

# Each strategy, there and back.
strategies='cold pre-copy post-copy hybrid'

there_and_back() { # COMMAND: called with FROM TO STRATEGY
	local strategy
	for strategy in $strategies; do
		"$1" rhel01 rhel02 "$strategy"
		"$1" rhel02 rhel01 "$strategy"
	done
}

moves_httpd() { # FROM TO STRATEGY
	move "$1" "$2" httpd --strategy "$3"
	[[ $(jq -r .strategy <<<"$summary") == "$3" ]]
	runs_only_on "$2" httpd 10.99.0.100
	[[ $(workers "$2" httpd) -ge 5 ]]
	were_on+=" $2"
}

# There with the first strategy, back with the second, and so on.
httpd_moves() { # STRATEGY...
	local from=rhel01 to=rhel02 strategy
	make_httpd httpd
	start_container rhel01 httpd
	wait_until 60 has_its_workers
	start_client ask asker 200 "$patience" http://rhel0x/
	start_client keep keeper rhel0x 80 "$patience"
	were_on=rhel01
	for strategy in "$@"; do
		moves_httpd $from $to "$strategy"
		read -r from to <<<"$to $from"
	done
	report=$(end_client ask)
	say "new connections: $report"
	[[ $(field '.[0].failed') -eq 0 ]]
	[[ $(field '.[0].runs | join(" ")') == "$were_on" ]]
	report=$(end_client keep)
	say "kept connection: $report"
	[[ $(field .fault) == null ]]
	[[ $(field '.runs | join(" ")') == "$were_on" ]]
}

@test "the article's Apache with its workers moves there cold and back with pre-copy, under new connections and a kept one" {
	httpd_moves cold pre-copy
}

# bats test_tags=all
@test "it moves the other way round too, and with post-copy and hybrid there and back" {
	httpd_moves pre-copy cold post-copy post-copy hybrid hybrid
}

# bats test_tags=all
@test "packets are held by sch_plug, the cgroup is frozen by its file, the restore parks" {
	make_httpd httpd
	start_container rhel01 httpd
	run on rhel01 cmigrate --verbose move httpd rhel02
	echo "$output"
	[[ $status -eq 0 ]]
	[[ $output == *"packets during the freeze: queued"* ]]
	[[ $output == *"root plug release_indefinite"* ]]
	[[ $output == *"/sys/fs/cgroup/httpd/cgroup.freeze"* ]]
	# Neither had to be asked of runc after all.
	[[ $(grep -c 'runc restore' <<<"$output") -eq 1 ]]
	# The other way round the restore may read descriptors.json while runc writes it.
	[[ $(grep -o -e 'runc checkpoint' -e 'runc restore' <<<"$output" | head -n 1) == 'runc checkpoint' ]]
	[[ $(on rhel02 sh -c 'tc qdisc show; nft list tables; ip -o link show type ifb' | grep -c -e plug -e cmigrate -e cm) -eq 0 ]]
}

# There over the shared directory, back from host to host (post-copy does that both ways).
moves_cache() { # FROM TO STRATEGY
	local transport=shared
	[[ $2 == rhel02 ]] || transport=direct
	move "$1" "$2" cache --strategy "$3" --transport $transport
	[[ $(jq -r .strategy <<<"$summary") == "$3" ]]
	[[ $(jq .memory_bytes <<<"$summary") -gt 100000000 ]]
	runs_only_on "$2" cache $address
	[[ $(memory) == "$digest" ]]
	frozen+=("$(jq .freeze_ms <<<"$summary")")
}

# bats test_tags=all
@test "a redis of 100 MB moves there and back with each strategy, and loses no reply of a client that writes" {
	start_filled_redis 100
	start_client count incrementer $address 6379 counter "$patience" 0.01
	frozen=()
	there_and_back moves_cache
	# Cold moves first, then pre-copy: memory of the passes is not in the freeze.
	jq -n -e --argjson f "[$(
		IFS=,
		echo "${frozen[*]}"
	)]" '$f[2] < $f[0] and $f[3] < $f[1]'
	for host in rhel01 rhel02; do
		[[ $(on "$host" sh -c 'ls -A /run/cmigrate 2>/dev/null; nft list tables') == '' ]]
	done
	report=$(end_client count)
	say "$report"
	[[ $(field .fault) == null ]]
	[[ $(on client redis-cli -h $address get counter) == "$(field .replies)" ]]
	[[ $(on client redis-cli -h $address dbsize) -eq 101 ]]
}

moves_two() { # FROM TO STRATEGY
	move "$1" "$2" two --strategy "$3" --endpoint http://rhel0x/ --endpoint tcp://rhel0x:6379
	[[ $(jq -r .strategy <<<"$summary") == "$3" ]]
	runs_only_on "$2" two 10.99.0.100
	[[ $(on client redis-cli -h rhel0x incr moved) -eq $((++moved)) ]]
	[[ $(on client curl -s -m "$patience" http://rhel0x/) == "$2" ]]
}

# bats test_tags=all
@test "a container of two process trees moves there and back as one, with each strategy" {
	local moved=0
	make_httpd two /bin/sh -c \
		'redis-server --port 6379 --save "" --protected-mode no & exec /usr/sbin/httpd -DFOREGROUND'
	start_container rhel01 two
	wait_on client 60 'redis-cli -h rhel0x ping | grep -q PONG'
	there_and_back moves_two
	# The other tree is there too.
	[[ $(on rhel01 sh -c 'runc ps two | grep -c -e redis-server -e httpd') -ge 7 ]]
}

# bats test_tags=all
@test "an export that squashes root is refused, with the remedy" {
	make_httpd httpd
	start_container rhel01 httpd
	for host in rhel01 rhel02; do
		on "$host" mount -t nfs4 -o vers=4.1,hard nfs:/squash /mnt
	done
	run on rhel01 cmigrate -b /mnt/containers move httpd rhel02
	echo "$output"
	[[ $status -eq 3 ]]
	[[ $output == *no_root_squash* ]]
	runs_only_on rhel01 httpd 10.99.0.100
}

# bats test_tags=all
@test "hosts that cache attributes for an hour see each other's files" {
	mount_options=actimeo=3600
	mount_again rhel01 rhel02
	# Its /tmp changes between what is saved ahead and the freeze.
	# shellcheck disable=SC2016 # for the container's shell
	make_httpd httpd sh -c 'while :; do n=$((n + 1)); mkdir /tmp/$n; sleep 2; done & exec /usr/sbin/httpd -DFOREGROUND'
	start_container rhel01 httpd
	before=$(on rhel01 runc exec httpd ls /tmp | sort -n | tail -n 1)
	# A missing file is cached too.
	on rhel02 sh -c 'ls -la /runc/containers/httpd /runc/containers/httpd/.cmigrate; stat /runc/containers/httpd/.cmigrate/journal' || true
	run on rhel01 cmigrate --verbose move httpd rhel02
	echo "$output"
	[[ $status -eq 0 && $output == *'+ refill '* ]]
	[[ $(on rhel02 runc exec httpd ls /tmp | sort -n | tail -n 1) -gt $before ]]
	move rhel02 rhel01 httpd
	runs_only_on rhel01 httpd 10.99.0.100
	mount_options=
}

# bats test_tags=all
@test "a move is refused while the export is gone, and works after it was mounted again on both hosts" {
	make_httpd httpd
	start_container rhel01 httpd
	on rhel02 umount --lazy /runc/rootfs /runc
	run on rhel01 cmigrate move httpd rhel02
	echo "$output"
	[[ $status -eq 3 ]]
	[[ $output == *rhel02* ]]
	on rhel02 sh -c 'echo none >/run/mounted'
	on rhel01 sh -c 'echo none >/run/mounted'
	mount_again rhel01 rhel02
	runs_only_on rhel01 httpd 10.99.0.100
	move rhel01 rhel02 httpd
	runs_only_on rhel02 httpd 10.99.0.100
}

# bats test_tags=all
@test "a lock taken on one host keeps a cmigrate on the other away, through NFS" {
	make_httpd httpd
	start_container rhel01 httpd
	on rhel01 env CMIGRATE_FAULT=dump:after cmigrate --quiet move httpd rhel02 || [[ $? -ne 0 ]]
	run on rhel02 cmigrate move --from rhel01 httpd rhel02
	echo "$output"
	[[ $status -eq 7 ]]
	run on rhel02 cmigrate recover httpd
	echo "$output"
	[[ $status -eq 0 ]]
	[[ $(on client curl -s -m "$patience" http://rhel0x/) == rhel01 ]]
	runs_only_on rhel01 httpd 10.99.0.100
}

recovered() {
	on rhel01 cmigrate recover httpd --fenced rhel02
}

# The last test: rhel02 stays off.
@test "a controller that holds the lock loses its power in the freeze, and the other host recovers" {
	make_httpd httpd
	start_container rhel01 httpd
	on rhel02 bash -c 'CMIGRATE_PAUSE=dump:before setsid cmigrate --quiet move --from rhel01 httpd rhel02 </dev/null >/dev/null 2>&1 &
		echo $! >/var/pid'
	wait_paused rhel02 120
	on rhel01 grep -q -x 1 /sys/fs/cgroup/httpd/cgroup.freeze
	"$lab" crash rhel02
	# The server keeps the lock of a silent client for a lease.
	wait_until 120 recovered
	[[ $(on client curl -s -m "$patience" http://rhel0x/) == rhel01 ]]
	[[ $(state_of rhel01 httpd) == running ]]
}

# Kind, access and file of each lock of the first process: what the host says of it, as its own.
nfs_locks_of() { # HOST
	on "$1" bash -c '
		pid=$(runc state locker | jq .pid)
		for fd in /proc/$pid/fd/*; do
			awk -v path="$(readlink "$fd")" "/^lock:/ {print \$3, \$5, path}" "/proc/$pid/fdinfo/${fd##*/}"
		done | sort'
}

# It goes on there with its locks. The server gives them to nobody else, on no host.
locker_goes_on() { # HOST
	local host
	runs_only_on "$1" locker
	diff <(echo "$held") <(nfs_locks_of "$1")
	for host in rhel01 rhel02; do
		[[ -z $(on "$host" python3 /runc/locker.py /runc/data again) ]]
	done
}

# bats test_tags=all
@test "locks on files of the NFS server, which are another machine's, go there and back, and stay after a failed restore" {
	local flags status=0
	on rhel01 sh -c 'mkdir -p /runc/data && cat >/runc/locker.py' <"$hosts_dir/programs/locker.py"
	flag_args python3 /mnt/locker.py /data
	on rhel01 cmigrate generate locker "${flags[@]}" "${common_flags[@]}" --bind /runc:/mnt:ro,bind --bind /runc/data:/data:rw,bind
	start_container rhel01 locker
	wait_on rhel01 60 'runc exec locker test -s /tmp/count'
	held=$(nfs_locks_of rhel01)
	[[ $(wc -l <<<"$held") -eq 6 ]]
	locker_goes_on rhel01
	move rhel01 rhel02 locker
	[[ $(jq -r .way_back <<<"$summary") == images ]]
	locker_goes_on rhel02
	wrap_runc rhel01 '[ -z "$restoring" ] || exit 1'
	on rhel02 cmigrate -q move --timeout "$patience" locker rhel01 2>"$BATS_TEST_TMPDIR/err" || status=$?
	unwrap rhel01
	cat "$BATS_TEST_TMPDIR/err"
	[[ $status -eq 4 ]]
	locker_goes_on rhel02
	move rhel02 rhel01 locker
	locker_goes_on rhel01
	remove_containers rhel01 rhel02
	on rhel01 rm -rf /runc/data /runc/locker.py
}
