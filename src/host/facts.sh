#!/bin/sh
# SPDX-License-Identifier: MIT
# facts NAME BUNDLE ID ROLE [address=IP]... [bind=PATH]... [netns=PATH]
#
# Prints what a move wants to know of a host, a KEY=VALUE a line; a key may come more than once.
# Changes nothing but the proof files of ID in the bundle, and removes them.
name=$1 bundle=$2 id=$3 role=$4
shift 4

say() {
	printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r' '  ')"
}

identity() {
	say uid "$(id -u)"
	say nodename "$(uname -n)"
	say kernel "$(uname -r)"
	say machine "$(uname -m)"
	# Two names of one host are found by this: one boot, one pid and one network namespace.
	say identity "$(cat /proc/sys/kernel/random/boot_id) $(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/net)"
}

programs() {
	say runc "$(runc --version 2>/dev/null | sed -n 's/^runc version //p')"
	say criu "$(criu --version 2>/dev/null | sed -n 's/^Version: //p')"
	for tool in nft iptables ip tc arping ping ss timeout nsenter; do
		command -v "$tool" >/dev/null 2>&1 && say tool "$tool"
	done
	if ! why=$(timeout 10 criu check 2>&1); then
		say criu-check "$(printf '%s\n' "$why" | grep -m 3 -E 'Error|Warn|failed' || echo failed)"
	fi
	say criu-config "$(sed 's/#.*//' /etc/criu/runc.conf 2>/dev/null | tr -s ' \n' '  ')"
}

machine() {
	say cpu "$(sed -n 's/^flags[^:]*: //p;s/^Features[^:]*: //p' /proc/cpuinfo | head -n 1)"
	say memory-available "$(awk '/^MemAvailable:/ {print $2 * 1024}' /proc/meminfo)"
	say cgroup "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)"
	say space "$(df -Pk "$bundle" 2>/dev/null | awk 'NR == 2 {printf "%.0f", $4 * 1024}')"
	say ifb "$([ -e /sys/module/ifb ] || modprobe -n -q ifb 2>/dev/null && echo yes)"
}

network() {
	say addr "$(ip -j addr show 2>/dev/null)"
	for word in "$@"; do
		case $word in
		address=*) say "route" "$(ip -j route get "${word#*=}" 2>/dev/null)" ;;
		netns=*) [ -e "${word#*=}" ] || say missing-netns "${word#*=}" ;;
		bind=*) [ -e "${word#*=}" ] || say missing-bind "${word#*=}" ;;
		esac
	done
	ss -H -ltn 2>/dev/null | awk '{print "listen=" $4}'
	for device in $(ip -o link show 2>/dev/null | awk -F ': ' '{print $2}'); do
		tc qdisc show dev "${device%%@*}" ingress 2>/dev/null | grep -q . && say ingress "${device%%@*}"
	done
}

shared() {
	[ -d "$bundle" ] || return 0
	say config-sum "$(cksum <"$bundle/config.json" 2>/dev/null)"
	state=$bundle/.cmigrate
	say proof "$(cat "$state/proof-$id" 2>/dev/null)"
	if [ "$role" = destination ] && [ -d "$state" ]; then
		umask 077
		if echo "$id" 2>/dev/null >"$state/proof-$id.destination"; then
			say proof-owner "$(stat -c %u "$state/proof-$id.destination" 2>/dev/null)"
			rm -f "$state/proof-$id.destination"
		fi
	fi
}

container() {
	say state "$(runc state "$name" 2>/dev/null)"
	[ "$role" = source ] || return 0
	pids=$(runc ps --format json "$name" 2>/dev/null | tr -d '[]\n' | tr ',' ' ')
	say pids "$pids"
	memory=0
	for pid in $pids; do
		rss=$(awk '/^(RssAnon|RssShmem):/ {s += $2} END {print s + 0}' "/proc/$pid/status" 2>/dev/null)
		memory=$((memory + ${rss:-0}))
		process "$pid"
	done
	say memory "$((memory * 1024))"
}

# What CRIU can't dump, or only with a flag of its own.
process() {
	for fd in 0 1 2; do
		target=$(readlink "/proc/$1/fd/$fd") || continue
		case $target in
		/dev/null | pipe:* | socket:* | anon_inode:*) continue ;;
		/dev/pts/* | /dev/console | /dev/tty*) say terminal "process $1, descriptor $fd, $target" ;;
		/*)
			mount=$(awk '/^mnt_id:/ {print $2}' "/proc/$1/fdinfo/$fd" 2>/dev/null)
			grep -q "^$mount " "/proc/$1/mountinfo" 2>/dev/null ||
				say stdio "process $1, descriptor $fd, $target"
			;;
		esac
	done
	find "/proc/$1/fd" -lname '* (deleted)' 2>/dev/null | while read -r fd; do
		case $(readlink "$fd") in
		/memfd:* | /dev/zero* | /SYSV* | /dev/shm/*) continue ;;
		esac
		say deleted "$(stat -L -c %s "$fd" 2>/dev/null) $(readlink "$fd")"
	done
	grep -E "^[0-9]+: (POSIX|FLOCK|OFDLCK) +[A-Z]+ +[A-Z]+ +$1 " /proc/locks 2>/dev/null |
		while read -r lock; do say lock "$lock"; done
	ss -H -ltnp 2>/dev/null | grep "pid=$1," | awk '{print "container-listen=" $4}'
	ss -H -ltnpM 2>/dev/null | grep "pid=$1," | awk '{print "mptcp=" $4}'
}

identity
programs
machine
network "$@"
shared
container
