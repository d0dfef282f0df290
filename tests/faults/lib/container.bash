# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the lane's variables
# The container that is moved about.

address=10.99.0.100
port=7000

container_make() {
	local shared
	shared=$(shared_directory)
	mkdir -p "$shared/programs" "$shared/beats"
	cp "$faults_dir"/programs/counter.py "$shared/programs/"
	on rhel01 cmigrate generate counter --force --args python3 --args /srv/counter.py --args "$port" \
		--args /mnt/name --args /data/beat --args "$beat" --network host --tmpfs /tmp --tmpfs /run --read-only \
		--rootfs /runc/rootfs --bind /runc/programs:/srv:ro,bind --bind /runc/beats:/data \
		--bind /srv/where:/mnt:ro,bind --label "org.cmigrate.address=$address/24" \
		--label "org.cmigrate.endpoint=tcp://$address:$port" --label "org.cmigrate.timeout=$((5 * slow))"
}

container_start() { # HOST
	on "$1" sh -c 'ip addr replace "$1/24" dev eth0 && arping -q -U -c 1 -w 1 -I eth0 "$1" &
		exec runc run --detach --bundle /runc/containers/counter counter </dev/null >/dev/null 2>&1' - "$address" || return
	here=$1
}

# A copy that was lost, as it should be: a new one, which counts from nothing.
start_again() { # HOST
	kill "$client_pid"
	wait "$client_pid" 2>/dev/null
	container_start "$1"
	connect
}

# A case that failed leaves anything: the next one starts from nothing. Not used between good cases.
container_reset() {
	local host
	for host in rhel01 rhel02; do
		"$lab" mend "$host" 2>/dev/null
		boot "$host"
		on "$host" rm -f /usr/local/sbin/{runc,criu,nft,tar}
		on "$host" bash -c '
			for pid in $({ grep -l -x -e cmigrate-agent -e cmigrate-tunnel -e cmigrate-relay /proc/[0-9]*/comm; grep -l -a -z "^CRIU_CONFIG" /proc/[0-9]*/environ; } | cut -d/ -f3); do kill -9 "$pid"; done
			rm -f /run/filler; mount -o remount,size=50% /run
			runc resume counter; timeout 15 runc delete --force counter
			find /sys/fs/cgroup -name cgroup.procs -path "*/counter/*" -exec cat {} + | xargs -r kill -9
			ip addr del "$1/24" dev eth0; nft flush ruleset; tc qdisc del dev eth0 ingress
			for ifb in $(ip -o link show type ifb | cut -d: -f2); do ip link del "$ifb"; done
			find /sys/fs/cgroup -depth -type d -name counter -exec rmdir {} +
			rm -rf /run/cmigrate /run/runc/counter /runc/containers/counter' - "$address" >/dev/null 2>&1
	done
	[[ -n ${LAB_VM:-} ]] || mount -o "remount,size=$lane_size" "$LAB_BASE"
	container_make && start_again rhel01
}
