#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is for a host's shell
# The test hosts themselves: what other tests rely on, and that nothing stays.

setup_file() {
	if [[ $EUID -ne 0 ]]; then
		skip "needs root"
	fi
}

setup() {
	export LAB_NAME=t$$
	lab=$BATS_TEST_DIRNAME/../../scripts/lab
}

teardown() {
	LAB_NAME=t$$ "$lab" down
	LAB_NAME=u$$ "$lab" down
}

# Remembers the namespaces of all hosts, to look for their processes later.
remember_hosts() {
	local pid
	pids=$("$lab" status | sed -n 's/.* pid=\([0-9]*\) .*/\1/p')
	spaces=()
	for pid in $pids; do
		spaces+=("$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$pid/ns/net")")
	done
	[[ ${#spaces[@]} -ge 2 ]]
}

# Prints what the lab left on the machine. Other labs may come and go meanwhile,
# so only what is this lab's by name or by namespace counts.
leavings() {
	local space
	ip netns list | grep -F "cmlab.$LAB_NAME." || true
	grep -F -e "cmlab.$LAB_NAME" -e "/$LAB_NAME/" /proc/self/mounts || true
	find /sys/fs/cgroup -name "cmlab.$LAB_NAME" 2>/dev/null || true
	find "${LAB_BASE:-/var/lib/cmigrate-lab}" -maxdepth 1 -name "*$LAB_NAME*" 2>/dev/null || true
	for space in "${spaces[@]}"; do
		find /proc -maxdepth 4 -path '/proc/[0-9]*/ns/*' -lname "$space" 2>/dev/null || true
	done
}

pid_of() { # HOST
	"$lab" status | sed -n "s/^$1 .* pid=\([0-9]*\) .*/\1/p"
}

# Writes a bundle whose container shares the host's network and runs ARG...
make_bundle() { # HOST NAME ARG...
	"$lab" exec "$1" bash -euc '
		mkdir -p "/runc/containers/$1"
		cd "/runc/containers/$1"
		runc spec
		jq --arg argv "$(printf "%s\n" "${@:2}")" ".process.terminal = false
			| .process.args = (\$argv | split(\"\n\"))
			| .root = { path: \"/runc/rootfs\", readonly: true }
			| .linux.namespaces |= map(select(.type != \"network\"))
			| .mounts |= map(select(.destination | startswith(\"/sys\") | not))" config.json >config.new
		mv config.new config.json' - "${@:2}"
}

run_container() { # HOST NAME
	"$lab" exec "$1" sh -c 'runc run --detach --bundle "/runc/containers/$1" "$1" </dev/null >/dev/null 2>&1' - "$2"
}

@test "exec keeps argv, standard input and exit status" {
	"$lab" up
	run "$lab" exec rhel01 printf '<%s>' 'a  b' '' '*' "it's" '"$HOME"' $'two\nlines' -- -n
	[[ $status -eq 0 ]]
	[[ $output == $'<a  b><><*><it\'s><"$HOME"><two\nlines><--><-n>' ]]
	run "$lab" exec rhel02 sh -c 'exit 77'
	[[ $status -eq 77 ]]
	[[ $(echo hello | "$lab" exec rhel01 cat) == hello ]]
	[[ $("$lab" exec rhel02 hostname) == rhel02 ]]
	[[ $("$lab" exec -u oper rhel02 id -u) == 1000 ]]
	run "$lab" exec rhel09 true
	[[ $status -eq 255 ]]
}

# bats test_tags=all
@test "exec leaves neither descriptors nor environment, and background processes alive" {
	"$lab" up
	[[ $(SECRET=1 "$lab" exec rhel01 env) != *SECRET* ]]
	[[ $("$lab" exec rhel01 ls /proc/self/fd 7</dev/null | tr '\n' ' ') == "0 1 2 3 " ]]
	"$lab" exec rhel01 sh -c 'sleep 987 </dev/null >/dev/null 2>&1 &'
	[[ $("$lab" exec rhel01 pgrep -cf 'sleep 987') == 1 ]]
	[[ $("$lab" exec rhel01 cat /proc/self/cgroup | cut -d: -f3 | grep -vcx -e / -e /init.scope) == 0 ]]
}

# bats test_tags=all
@test "all hosts reach all others by ssh with checked host keys, as root and as oper" {
	local from to user
	"$lab" up 3
	for from in rhel01 rhel02 rhel03 client; do
		for to in rhel01 rhel02 rhel03 client; do
			for user in root oper; do
				[[ $("$lab" exec -u $user $from ssh -o StrictHostKeyChecking=yes -o BatchMode=yes root@$to hostname) == "$to" ]]
			done
		done
	done
	[[ $("$lab" exec rhel01 ssh -o BatchMode=yes fd99::2 hostname) == rhel02 ]]
	[[ $("$lab" exec rhel01 cut -d' ' -f3 /etc/ssh/ssh_known_hosts | sort -u | wc -l) -eq 4 ]]
}

# bats test_tags=all
@test "a container of one name runs on both hosts, and moves by hand" {
	"$lab" up
	make_bundle rhel01 web httpd -f -p 80 -h /etc
	run_container rhel01 web
	run_container rhel02 web
	"$lab" exec rhel02 runc delete --force web
	"$lab" exec rhel01 runc pause web
	"$lab" exec rhel01 runc checkpoint --image-path /runc/containers/web/images --work-path /run/work web
	"$lab" exec rhel02 sh -c 'cd /runc/containers/web &&
		runc restore --detach --image-path images --work-path /run/work web </dev/null >/dev/null 2>&1'
	[[ $("$lab" exec client curl -s http://rhel02/passwd) == root:* ]]
}

@test "down leaves nothing, with containers running and paused" {
	"$lab" up
	remember_hosts
	make_bundle rhel01 one sleep 1000
	make_bundle rhel01 two sleep 1000
	run_container rhel01 one
	run_container rhel01 two
	"$lab" exec rhel01 runc pause two
	[[ -n $(leavings) ]]
	"$lab" down
	[[ -z $(leavings) ]]
	run "$lab" status
	[[ $status -eq 1 ]]
	"$lab" down
}

# bats test_tags=all
@test "down leaves nothing after a host's pid 1 was killed" {
	"$lab" up
	remember_hosts
	make_bundle rhel02 one sleep 1000
	run_container rhel02 one
	"$lab" exec rhel02 runc pause one
	kill -KILL "$(pid_of rhel02)"
	"$lab" down
	[[ -z $(leavings) ]]
}

# bats test_tags=all
@test "down leaves nothing of an up that was killed, and up goes over it" {
	local delay up spaces=()
	for delay in 0.02 0.06 0.1 0.15 0.2 0.3; do
		"$lab" up 3>&- >/dev/null 2>&1 &
		up=$!
		sleep $delay
		kill -KILL $up 2>/dev/null || true
		wait $up || true
		"$lab" down
		[[ -z $(leavings) ]]
	done
	"$lab" up 3>&- >/dev/null 2>&1 &
	up=$!
	sleep 0.15
	kill -KILL $up 2>/dev/null || true
	wait $up || true
	"$lab" up
	"$lab" exec rhel01 ssh rhel02 true
}

# bats test_tags=all
@test "up when up says so, and refuses another number" {
	"$lab" up
	run "$lab" up 2
	[[ $status -eq 0 && $output == *"already up"* ]]
	run "$lab" up 3
	[[ $status -eq 1 && $output == *"already up with 2 hosts"* ]]
	"$lab" exec rhel02 true
}

# bats test_tags=all
@test "two labs don't meet" {
	"$lab" up
	LAB_NAME=u$$ "$lab" up 3
	"$lab" exec rhel01 touch /runc/mine
	run env LAB_NAME=u$$ "$lab" exec rhel01 ls /runc/mine
	[[ $status -ne 0 ]]
	[[ $(LAB_NAME=u$$ "$lab" exec client ssh rhel03 hostname) == rhel03 ]]
	run "$lab" exec client ping -c 1 -W 1 10.99.0.3
	[[ $status -ne 0 ]]
	LAB_NAME=u$$ "$lab" down
	"$lab" exec client ssh rhel01 true
}

@test "crash loses memory, keeps the disk; boot brings the same host back" {
	local key
	"$lab" up
	key=$("$lab" exec rhel01 cat /etc/ssh/ssh_host_ed25519_key.pub)
	make_bundle rhel01 one sleep 1000
	run_container rhel01 one
	"$lab" exec rhel01 touch /run/gone /tmp/gone /var/kept
	"$lab" crash rhel01
	run "$lab" exec rhel01 true
	[[ $status -eq 255 ]]
	"$lab" boot rhel01
	"$lab" exec rhel01 test -e /var/kept
	run "$lab" exec rhel01 ls /run/gone /tmp/gone /run/runc/one
	[[ $output != */gone$'\n'* && $output != */one ]]
	[[ $("$lab" exec rhel01 cat /etc/ssh/ssh_host_ed25519_key.pub) == "$key" ]]
	[[ $("$lab" exec rhel02 ssh -o StrictHostKeyChecking=yes rhel01 hostname) == rhel01 ]]
}

# bats test_tags=all
@test "a dying host sends nothing" {
	"$lab" up
	"$lab" exec client sh -c 'ssh -N rhel01 </dev/null >/dev/null 2>&1 &'
	"$lab" exec client sh -c 'for i in $(seq 500); do ss -Htn state established dport = :22 | grep -q . && exit; sleep 0.1; done; exit 1'
	"$lab" crash rhel01
	[[ -n $("$lab" exec client ss -Htn state established dport = :22) ]]
}

# bats test_tags=all
@test "cut loses packets without a word, mend lets them through" {
	"$lab" up
	"$lab" cut rhel02
	run "$lab" exec rhel01 ping -c 1 -W 1 rhel02
	[[ $status -eq 1 ]]
	[[ $("$lab" status) == *rhel02*" cut "* ]]
	[[ $("$lab" exec rhel02 cat /sys/class/net/eth0/carrier) == 1 ]]
	"$lab" mend rhel02
	"$lab" exec rhel01 ping -c 1 -W 5 rhel02
}
