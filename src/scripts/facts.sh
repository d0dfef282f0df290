#!/bin/sh
# SPDX-License-Identifier: MIT
# facts NAME BUNDLE ID ROLE [address=IP]... [bind=PATH]... [netns=PATH]
#   [strategy=NAME] [transport=direct] [peer=HOST]
#
# Prints what a move needs to know of a host, one KEY=VALUE a line. A key may come more than once, and
# complete=yes is the last line. ROLE is source or destination. Leaves nothing on the host. The slow programs run
# side by side and print short lines, each in one write; all other lines follow at the end.
export LC_ALL=C
name=$1 bundle=$2 id=$3 role=$4
shift 4
newline='
'
netns=
for word in "$@"; do
	case $word in
	netns=*) [ -e "${word#*=}" ] && netns=${word#*=} ;;
	esac
done

say() {
	case $2 in
	*"$newline"*) printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n\r' '  ')" ;;
	*) printf '%s=%s\n' "$1" "$2" ;;
	esac
}

# The service addresses are in the container's network namespace if config.json names one.
. part/ns.sh
. part/runc.sh
. part/processes.sh

identity() {
	read -r boot </proc/sys/kernel/random/boot_id
	# Two names of one host are found by this: one boot, one pid and one network namespace.
	say identity "$boot $(readlink /proc/self/ns/pid /proc/self/ns/net)"
	say uid "$(id -u)"
	# Both ends of the connection that this script came over, or on the controller of the operator's login.
	say ssh "$SSH_CONNECTION"
	read -r nodename kernel machine <<-END
		$(uname -nrm)
	END
	say nodename "$nodename"
	say kernel "$kernel"
	say machine "$machine"
}

versions() {
	say runc "$(runc --version 2>/dev/null | sed -n 's/^runc version //p;1q')"
	say criu "$(criu --version 2>/dev/null | sed -n 's/^Version: //p;1q')"
	say criu-config "$(sed 's/#.*//' /etc/criu/runc.conf 2>/dev/null | tr -s ' \t\n' ' ' | head -c 1000)"
}

criu_check() {
	command -v criu >/dev/null || return 0
	why=$(timeout 30 criu check 2>&1) && return 0
	why=$(printf '%s\n' "$why" | grep -m 3 -E 'Error|Warn|failed' | head -c 1000)
	say criu-check "${why:-failed}"
}

# The hardware addresses of the machines that have an address now: of those that answer within a tenth of a second.
owner() {
	route=$(ns ip -o route get "$1" 2>/dev/null)
	case " $route" in
	*" via "* | *" local "*) return 0 ;;
	*" dev "*) device=${route#*dev } device=${device%% *} ;;
	*) return 0 ;;
	esac
	case $1 in
	*:*) # arping knows no IPv6: an echo request, and then what the kernel learned from the reply.
		ns timeout 0.1 ping -c 1 "$1" >/dev/null 2>&1 &&
			ns ip neigh show "$1" dev "$device" 2>/dev/null |
			awk -v ip="$1" '{for (i = 1; i < NF; i++) if ($i == "lladdr") print "owner=" ip, $(i + 1)}'
		;;
	*) ns timeout 0.1 arping -b -I "$device" "$1" 2>/dev/null |
		sed -n "s/.*reply from .*\\[\\([0-9A-Fa-f:]*\\)\\].*/owner=$1 \\1/p" | sort -u | head -n 8 ;;
	esac
}

tools() {
	for tool in nft ip tc arping ping ss timeout nsenter bash tar unshare mount find cmp; do
		command -v "$tool" >/dev/null 2>&1 && say tool "$tool"
	done
}

# Makes an ifb device, in a namespace that ends at once, to see whether the kernel has them.
ifb() {
	if [ -e /sys/module/ifb ] || unshare -n ip link add cmigrate type ifb 2>/dev/null; then
		say ifb yes
	fi
}

resources() {
	say cpu "$(sed -n '/^flags[^:]*: /{s///p;q;};/^Features[^:]*: /{s///p;q;}' /proc/cpuinfo)"
	say memory-available "$(awk '/^MemAvailable:/ {printf "%.0f", $2 * 1024; exit}' /proc/meminfo)"
	say cgroup "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)"
	say space "$(df -Pk "$bundle" 2>/dev/null | awk 'NR == 2 {printf "%.0f", $4 * 1024}')"
}

network() {
	say addr "$(ns ip -j addr show 2>/dev/null | head -c 400000)"
	for word in "$@"; do
		case $word in
		address=*) say route "$(ns ip -j route get "${word#*=}" 2>/dev/null | head -c 4000)" ;;
		netns=*) [ -e "${word#*=}" ] || say missing-netns "${word#*=}" ;;
		bind=*) [ -e "${word#*=}" ] || say missing-bind "${word#*=}" ;;
		esac
	done
	ss -H -tuln 2>/dev/null | awk '
		NR > 1000 { exit }
		{ print ($1 == "udp" ? "listen-udp=" : "listen=") $5 }'
}

# For pre-copy: whether the kernel tracks changed pages, and how fast the shared directory is.
ahead() {
	timeout 30 criu check --feature mem_dirty_track >/dev/null 2>&1 && say dirty yes
	[ -d "$bundle/.cmigrate" ] || return 0
	umask 077
	say write-seconds "$(dd if=/dev/zero of="$bundle/.cmigrate/proof-$id.rate" bs=1M count=4 conv=fdatasync 2>&1 |
		sed -n 's/.* copied, \([0-9.e-]*\) s,.*/\1/p')"
	rm -f "$bundle/.cmigrate/proof-$id.rate"
}

# For memory that goes straight between the hosts: the other host's address, and our own that it reaches.
peer() {
	ip=$(getent ahostsv4 "$1" 2>/dev/null | awk '{print $1; exit}')
	say peer "$ip"
	[ -z "$ip" ] || say peer-from "$(ip -o route get "$ip" 2>/dev/null | sed -n 's/.* src \([^ ]*\).*/\1/p')"
}

# For post-copy: what serving and fetching pages needs.
lazy() {
	say pipe-max "$(cat /proc/sys/fs/pipe-max-size)"
	# CAP_SYS_RESOURCE is bit 24.
	effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
	[ $((0x$effective >> 24 & 1)) -eq 0 ] || say may-exceed yes
	timeout 30 criu check --feature uffd >/dev/null 2>&1 && say uffd yes
}

shared() {
	[ -d "$bundle" ] || return 0
	say bundle-path "$(cd "$bundle" && pwd -P)"
	say config-sum "$(cksum 2>/dev/null <"$bundle/config.json")"
	state=$bundle/.cmigrate
	# NFS may remember that the file was not there; reading the directories makes it look again.
	[ -e "$state/proof-$id" ] || ls -a "$bundle" "$state" >/dev/null 2>&1
	say proof "$(head -c 100 "$state/proof-$id" 2>/dev/null)"
	[ -d "$state" ] || return 0
	umask 077
	# Several hosts may be asked at once, and have the same name.
	own=$(mktemp "$state/proof-$id.$role.XXXXXXXX" 2>/dev/null) || return 0
	if (echo "$id" >"$own") 2>/dev/null; then
		say proof-owner "$(stat -c %u "$own" 2>/dev/null)"
	fi
	# On a full disk the file exists, and is empty.
	rm -f "$own"
}

container() {
	# If runc fails the name may not be free. If runc is missing, a check says so.
	state=
	! command -v runc >/dev/null || runc_state "$name" || return 1
	say state "$(printf '%s' "$state" | head -c 60000)"
	[ "$role" = source ] && [ -n "$state" ] || return 0
	# mawk fails if a process ends between the opening of one of its files and the reading.
	for _ in 1 2 3 4 5; do
		pids=$(runc ps --format json "$name" 2>/dev/null | head -c 60000 | tr -cs '0-9' ' ')
		# shellcheck disable=SC2086 # digits and blanks: one word each
		if told=$(processes "$(first_of_state)" $pids); then
			[ -z "$told" ] || printf '%s\n' "$told"
			cgroup_memory "$(first_of_state)"
			return 0
		fi
	done
	return 1
}

everything() {
	identity
	tools
	resources
	network "$@"
	shared
	container
}

versions &
criu_check &
strategy='' transport=''
for word in "$@"; do
	case $role-$strategy$transport-$word in
	*-strategy=*) strategy=${word#*=} ;;
	*-transport=*) transport=+${word#*=} ;;
	*-post-copy*-peer=* | *-hybrid*-peer=*)
		peer "${word#*=}" &
		lazy &
		;;
	*+direct-peer=*) peer "${word#*=}" & ;;
	esac
done
case $role-$strategy in
source-auto | source-pre-copy | source-hybrid) ahead & ;;
esac
if [ "$role" = destination ]; then
	[ -z "$transport" ] || say run-space "$(df -Pk /run 2>/dev/null | awk 'NR == 2 {printf "%.0f", $4 * 1024}')" &
	ifb &
	for word in "$@"; do
		case $word in
		address=*) owner "${word#*=}" & ;;
		esac
	done
fi
rest=$(everything "$@")
seen=$?
wait
printf '%s\n' "$rest"
[ "$seen" -ne 0 ] || say complete yes
