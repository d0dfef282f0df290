# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# A bridge in a network namespace of its own, so the machine's network namespace sees
# nothing of a lab, and labs with the same addresses don't affect each other.

make_wire() {
	ip netns add "$lab_wire"
	# Snooping would hold back neighbour discovery until a querier shows up.
	ip -n "$lab_wire" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
	ip -n "$lab_wire" link set br0 up
}

# The host's end is eth0; the bridge's end has the host's name.
make_link() { # HOST
	local netns=$lab_tag.$1 number mac
	number=$(host_number "$1")
	# The same address after a reboot, as with a real card.
	printf -v mac '02:00:0a:63:00:%02x' "$number"
	ip netns add "$netns"
	ip -n "$lab_wire" link add "$1" type veth peer name eth0 address "$mac" netns "$netns"
	ip -n "$netns" -batch - <<-END
		link set lo up
		link set eth0 up
		addr add 10.99.0.$number/24 broadcast + dev eth0
		addr add fd99::$number/64 dev eth0 nodad
	END
	ip -n "$lab_wire" link set "$1" master br0 up
}

# Takes the host's port out of the bridge. eth0 keeps its carrier, so packets are lost
# silently, as with a switch that has failed.
cut_link() { # HOST
	ip -n "$lab_wire" link set "$1" nomaster
}

mend_link() { # HOST
	ip -n "$lab_wire" link set "$1" master br0
}

link_is_cut() { # HOST
	! ip -n "$lab_wire" -o link show dev "$1" 2>/dev/null | grep -q ' master br0 '
}

# Deletes the link first: the kernel removes a namespace's devices only later.
drop_link() { # HOST
	ip -n "$lab_wire" link del "$1" 2>/dev/null || true
	drop_netns "$lab_tag.$1"
}

drop_netns() { # NETNS
	if [[ -e /run/netns/$1 ]]; then
		ip netns del "$1"
	fi
}

# Prints the network namespaces that this lab has, whatever state it is in.
lab_netns() {
	local path
	for path in "/run/netns/$lab_tag".*; do
		if [[ -e $path ]]; then
			echo "${path##*/}"
		fi
	done
}
