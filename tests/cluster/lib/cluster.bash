# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# Three test hosts with corosync and pacemaker, set up by the commands of docs/cluster.md.

. "${BASH_SOURCE[0]%/*}/../../hosts/lib/lab.bash"

cluster_dir=${BASH_SOURCE[0]%/*}
top=$cluster_dir/../../..
address=10.99.0.100
LAB_EXTRA_PACKAGES=$(<"$cluster_dir/packages")
export LAB_EXTRA_PACKAGES
nodes=(rhel01 rhel02 rhel03)

# Prints the commands of docs/cluster.md for PLACE, in their order, with the addresses of the test hosts.
commands() { # PLACE
	awk -v place="$1" '
		/^```/ { open = !open; inside = open && $0 == "```sh " place; next }
		inside' "$top/docs/cluster.md" | sed 's/192\.0\.2\.100/10.99.0.100/g; s/192\.0\.2\.\([0-9]\)/10.99.0.\1/g'
}

# Runs them on a host as they stand.
run_commands() { # HOST PLACE
	local block
	block=$(commands "$2")
	[[ -n $block ]] || {
		echo "docs/cluster.md has no commands for '$2'" >&2
		return 1
	}
	on "$1" bash -e -x -c "$block" </dev/null
}

# Stands in for systemd, and for the boards. dc-deadtime: three nodes that start at once need not wait for others.
install_services() { # HOST
	on "$1" sh -ec '
		cat >/usr/local/sbin/systemctl
		chmod 755 /usr/local/sbin/systemctl
		cp /opt/cmigrate/tests/cluster/lib/fence_lab /usr/sbin/fence_ipmilan
		make_cib() { sed "s/NUMBER/$1/" <<-END
			<cib crm_feature_set="3.0" validate-with="pacemaker-3.0" epoch="1" num_updates="0" admin_epoch="0"><configuration>
			<crm_config><cluster_property_set id="cib-bootstrap-options">
			<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="3s"/></cluster_property_set></crm_config>
			<nodes/><resources/><constraints/></configuration><status/></cib>
			END
		}
		mkdir -p /var/lib/pacemaker/cib && make_cib 1 >/var/lib/pacemaker/cib/cib.xml
		chown -R hacluster:haclient /var/lib/pacemaker/cib && chmod 600 /var/lib/pacemaker/cib/cib.xml' <<-'END'
		#!/bin/sh
		# systemctl enable --now corosync pacemaker, and stop
		for word in "$@"; do
			case $1.$word in
			stop.pacemaker)
				pid=$(cat /run/pacemakerd.pid) && kill "$pid" && tail --pid="$pid" -s 0.1 -f /dev/null ;;
			stop.corosync)
				pid=$(cat /run/corosync.pid) && kill "$pid" && tail --pid="$pid" -s 0.1 -f /dev/null ;;
			*.corosync)
				mkdir -p /var/log/corosync /var/lib/corosync
				corosync
				n=0
				until corosync-cfgtool -s >/dev/null 2>&1; do
					n=$((n + 1))
					[ $n -lt 600 ] || exit 1
					sleep 0.0$((n < 9 ? n : 9))
				done ;;
			*.pacemaker)
				mkdir -p /var/log/pacemaker && chown hacluster:haclient /var/log/pacemaker
				setsid pacemakerd </dev/null >/var/log/pacemakerd.log 2>&1 &
				echo $! >/run/pacemakerd.pid ;;
			esac
		done
	END
}

install_agent() { # HOST
	on "$1" sh -ec 'mkdir -p /usr/lib/ocf && cp -R /opt/cmigrate/packaging/ocf/lib /opt/cmigrate/packaging/ocf/resource.d /usr/lib/ocf/'
}

# Answers fence_lab. Ends when the lab's shared directory has gone, or by SIGTERM.
serve_power() {
	local shared=${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME/shared action host reply
	exec 9<>"$shared/power"
	while read -r -u 9 action host reply; do
		echo "power: $action $host"
		[[ $action == on ]] || "$lab" crash "$host" 9>&-
		[[ $action == off ]] || "$lab" boot "$host" 9>&-
		timeout 5 sh -c 'echo done >"$1"' - "$shared/${reply#/runc/}" 9>&-
	done
}

# Called by setup_file.
start_nodes() { # NAME SECONDS [NODES]
	local host
	start_lab "$1" "$2" "${3:-3}" || return
	mkfifo "${LAB_BASE:-/var/lib/cmigrate-lab}/$LAB_NAME/shared/power"
	export POWER_LOG=${BATS_FILE_TMPDIR:-$work}/power
	serve_power 3>&- >"$POWER_LOG" 2>&1 </dev/null &
	export POWER_PID=$!
	for host in "${nodes[@]}"; do
		install_services "$host"
		install_agent "$host"
	done
}

# Called by teardown_file.
end_nodes() {
	[[ -z ${POWER_PID:-} ]] || kill "$POWER_PID" 2>/dev/null || true
	end_lab
}

# Writes the same files on each node and starts the cluster there.
start_cluster() { # [PLACE]
	local host
	for host in "${nodes[@]}"; do
		run_commands "$host" "${1:-each node}" 3>&- &
	done
	wait_on rhel01 60 "crm_mon --one-shot 2>/dev/null | grep -q 'Online: \[ ${nodes[*]} \]'"
}

# A host that was switched off comes back, and joins the cluster.
come_back() { # HOST OTHER
	"$lab" boot "$1" 3>&-
	on "$1" systemctl start corosync pacemaker 3>&-
	wait_on "$2" 60 "crm_mon --one-shot 2>/dev/null | grep -q 'Online:.* $1 ' && [ \"\$(crmadmin --quiet --status \"\$(crmadmin --quiet --dc_lookup)\")\" = S_IDLE ]"
}

survivor_of() { # HOST
	local host
	for host in "${nodes[@]}"; do
		[[ $host == "$1" ]] || { echo "$host" && return; }
	done
}

# Prints the node that the cluster takes for the container's.
whereabouts() { # [ASKED]
	on "${1:-rhel01}" crm_resource --resource web --locate --quiet 2>/dev/null
}

# Waits until the container is on another node than HOST, and nothing is left to be done.
settled_elsewhere() { # HOST [ASKED]
	wait_on "${2:-rhel01}" 90 "
		at=\$(crm_resource --resource web --locate --quiet 2>/dev/null) && [ \"\$(wc -w <<<\"\$at\")\" = 1 ] && [ \"\$at\" != '$1' ] &&
		[ \"\$(crmadmin --quiet --status \"\$(crmadmin --quiet --dc_lookup)\")\" = S_IDLE ] &&
		! crm_mon --one-shot | grep -q -i -e blocked -e unclean"
}

settled_on_any() { # [ASKED]
	settled_elsewhere nowhere "${1:-rhel01}"
}

# It runs on HOST and on none of the other nodes that are up.
runs_once_on() { # HOST
	local host there
	for host in "${nodes[@]}"; do
		there=$(state_of "$host" web 2>/dev/null) || continue
		[[ $host == "$1" && $there == running || $host != "$1" && -z $there ]] || {
			echo "web is '${there:-not}' on $host" >&2
			return 1
		}
	done
}

# For the reader of a failed test.
tell_all() {
	local host
	cat "$POWER_LOG"
	for host in "${nodes[@]}"; do
		on "$host" sh -c 'echo "== $(uname -n)"; crm_mon --one-shot; cat /run/cmigrate-ocf/web.log; runc list
			grep -h -e "pacemaker-controld.*web" -e "reason" /var/log/pacemaker/pacemaker.log | cut -c 1-300 | tail -n 30' 2>&1 || true
	done
}

count() {
	on client redis-cli -h $address get counter
}

add_one() {
	on client timeout $patience redis-cli -h $address incr counter
}

# The container went on with COUNT, and was not started anew.
counts_on_from() { # COUNT
	local now
	now=$(add_one)
	[[ $now -gt $1 ]] || {
		echo "the counter was $1 and is $now" >&2
		return 1
	}
}
