#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Tests the virtual machines themselves: the properties that other tests rely on, and that "down" leaves nothing.
# check-all: the virtual machines are booted once in make check, by move.bats.

load ../hosts/lib/lab

setup_file() {
	export LAB_VM=1
	start_lab t-vmlab 900
}

teardown_file() {
	end_lab
}

@test "hosts have a kernel, cgroup v2 and NFS of their own; status, users and output are passed on" {
	for host in rhel01 rhel02; do
		[[ $(on "$host" uname -n) == "$host" ]]
		[[ $(on "$host" stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
		[[ $(on "$host" stat -f -c %T /runc) == nfs ]]
	done
	[[ $(on rhel01 cat /proc/sys/kernel/random/boot_id) != "$(on rhel02 cat /proc/sys/kernel/random/boot_id)" ]]
	run on rhel01 sh -c 'exit 7'
	[[ $status -eq 7 ]]
	[[ $(on -u oper rhel01 id -un) == oper ]]
	[[ $(on rhel01 printf '%s|' 'a b' "it's" '$HOME') == "a b|it's|\$HOME|" ]]
	[[ $(echo words | on rhel01 cat) == words ]]
	[[ $(on rhel01 ssh rhel02 uname -n) == rhel02 ]]
	[[ $(on client ssh rhel01 uname -n) == rhel01 ]]
}

@test "a file written by one host is read by the other, and root stays root" {
	on rhel01 sh -c 'echo here >/runc/containers/proof'
	[[ $(on rhel02 cat /runc/containers/proof) == here ]]
	[[ $(on rhel02 stat -c %u /runc/containers/proof) -eq 0 ]]
	run on rhel02 sh -c 'echo no >/runc/rootfs/proof'
	[[ $status -ne 0 ]]
	on rhel02 rm /runc/containers/proof
}

@test "a cut link loses packets silently, exec still works, mend brings it back" {
	"$lab" cut rhel02
	run on client ping -q -c 2 -W 2 rhel02
	[[ $status -ne 0 ]]
	[[ $(on rhel02 uname -n) == rhel02 ]]
	[[ $("$lab" status) == *'rhel02 '*' cut '* ]]
	"$lab" mend rhel02
	wait_until 60 on client ping -q -c 1 -W 2 rhel02
}

@test "after a crash a host has its disk and its key, and nothing else of before" {
	key=$(on client ssh-keyscan -t ed25519 rhel02 2>/dev/null)
	on rhel02 sh -c 'echo kept >/root/kept; sync; echo lost >/run/lost'
	"$lab" crash rhel02
	run on rhel02 true
	[[ $status -eq 255 ]]
	"$lab" boot rhel02 3>&-
	[[ $(on rhel02 cat /root/kept) == kept ]]
	run on rhel02 cat /run/lost
	[[ $status -ne 0 ]]
	[[ $(on client ssh-keyscan -t ed25519 rhel02 2>/dev/null) == "$key" ]]
	[[ $(on rhel02 stat -f -c %T /runc) == nfs ]]
}

@test "down leaves no process, no namespace, no mount and no file, even of a lab that lost its files" {
	wire=cmlab.$LAB_NAME.wire
	mapfile -t pids < <(ip netns pids "$wire")
	# Two machines, their two ssh connections, the NFS server.
	[[ ${#pids[@]} -ge 5 ]]
	rm -f "${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME"/{vm,count,root} "${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME"/hosts/*/pid
	"$lab" down
	for pid in "${pids[@]}"; do
		[[ ! -e /proc/$pid || $(<"/proc/$pid/stat") == *') Z '* ]]
	done
	[[ $(ip netns list | grep -c -F "cmlab.$LAB_NAME.") -eq 0 ]]
	[[ $(grep -c -F "/$LAB_NAME" /proc/self/mounts) -eq 0 ]]
	[[ ! -e ${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME ]]
}
