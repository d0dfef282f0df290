# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# One host: its files, its start and its end.

host_exists() { # HOST
	[[ -d $lab_dir/hosts/$1 ]]
}

# Of a lab of virtual machines, all but the client are such.
is_machine() { # HOST
	[[ -e $lab_dir/vm && $1 != client ]]
}

# Sets host_pid to the pid of the host's pid 1 if it is alive. A pid alone could be
# another process by now; its network namespace can't be.
read_pid() { # HOST
	if is_machine "$1"; then
		host_pid=$(machine_pid "$1")
		return
	fi
	[[ -s $lab_dir/hosts/$1/pid ]] && read -r host_pid <"$lab_dir/hosts/$1/pid" &&
		[[ /proc/$host_pid/ns/net -ef /run/netns/$lab_tag.$1 ]]
}

# Prints it.
host_pid() { # HOST
	local host_pid
	read_pid "$1" && echo "$host_pid"
}

# What all hosts have alike: a layer between the cached root and each host's own.
make_common_files() { # COUNT
	local etc=$lab_dir/common/etc user home host
	mkdir -p "$etc/ssh/sshd_config.d" "$etc/ssh/ssh_config.d" "$lab_dir/common/home" \
		"$lab_shared/containers" "$lab_shared/rootfs"
	hosts_file "$1" >"$etc/hosts"
	sshd_config >"$etc/ssh/sshd_config.d/lab.conf"
	echo 'StrictHostKeyChecking yes' >"$etc/ssh/ssh_config.d/lab.conf"
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$lab_dir/key"
	for user in root oper; do
		home=$lab_dir/common/home/oper
		if [[ $user == root ]]; then
			home=$lab_dir/common/root
		fi
		mkdir -p "$home/.ssh"
		cp "$lab_dir/key" "$home/.ssh/id_ed25519"
		cp "$lab_dir/key.pub" "$home/.ssh/id_ed25519.pub"
		cp "$lab_dir/key.pub" "$home/.ssh/authorized_keys"
		chmod 700 "$home" "$home/.ssh"
	done
	chown -R 1000:1000 "$lab_dir/common/home/oper"
	for host in $(host_names "$1"); do
		make_host_files "$host"
	done >"$etc/ssh/ssh_known_hosts"
}

sshd_config() {
	cat <<-END
		HostKey /etc/ssh/ssh_host_ed25519_key
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		UseDNS no
		MaxStartups 1000
		MaxSessions 1000
		PerSourcePenalties no
	END
}

# Prints the host's line for ssh_known_hosts.
make_host_files() { # HOST
	local upper=$lab_dir/hosts/$1/upper number
	number=$(host_number "$1")
	mkdir -p "$upper/etc/ssh" "$lab_dir/hosts/$1/work" "$lab_dir/hosts/$1/merged"
	echo "$1" >"$upper/etc/hostname"
	ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$upper/etc/ssh/ssh_host_ed25519_key"
	echo "$1,10.99.0.$number,fd99::$number $(<"$upper/etc/ssh/ssh_host_ed25519_key.pub")"
}

# Standard descriptors stay. Others would let a host hold the caller's pipes
# (bats waits for those) or the lab's lock. 255 is where bash reads the script;
# it closes that one itself.
close_descriptors() {
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		if ((fd > 2 && fd != 255)); then
			exec {fd}>&-
		fi
	done
}

plain_limits() {
	ulimit -Sc 0
	ulimit -Sn 1024 2>/dev/null || true
}

# Starts the host and returns when its pid 1 runs. Everything here happens
# inside the host's cgroups, so that "down" finds what a killed "up" left.
start_host() ( # HOST
	if is_machine "$1"; then
		start_machine "$1"
		exit
	fi
	host=$1
	dir=$lab_dir/hosts/$host
	close_descriptors
	plain_limits
	exec </dev/null
	rm -f "$dir/pid"
	make_host_cgroups "$host" >"$dir/cgroups"
	join_cgroups "$dir/cgroups"
	make_link "$host"
	read -r root_dir <"$lab_dir/root"
	# Not "ip netns exec": that mounts a new /sys over the cgroups.
	# The shell between unshare and pid 1 goes at once, or its parent would
	# stay for as long as the host does.
	# shellcheck disable=SC2016
	setsid nsenter --net="/run/netns/$lab_tag.$host" -- \
		unshare --mount --uts --ipc --pid --cgroup -- \
		bash -c '"$@" &' - \
		bash "$lab_parts/init" "$host" "$dir" "$root_dir" "$lab_dir/common" "$lab_shared" "$lab_repo" \
		>"$dir/log" 2>&1
)

# Waits until the hosts' sshd answer, all in one process in the client's place.
wait_for_hosts() { # HOST...
	local host
	for host in "$@"; do
		if ! wait_for_sshd "$host"; then
			echo "lab: $host did not come up:" >&2
			tail -n 20 "$lab_dir/hosts/$host/log" >&2 || true
			return 1
		fi
	done
}

wait_for_sshd() { # HOST
	if is_machine "$1"; then
		wait_for_machine "$1"
		return
	fi
	local deadline=$((SECONDS + 20))
	until sshd_answers "$1"; do
		if [[ $SECONDS -ge $deadline ]]; then
			return 1
		fi
		if [[ -s $lab_dir/hosts/$1/pid ]] && ! host_pid "$1" >/dev/null; then
			return 1
		fi
		sleep 0.02
	done
}

# Asked through the host's own loopback, so that a cut link doesn't count.
sshd_answers() { # HOST
	# shellcheck disable=SC2016
	nsenter --net="/run/netns/$lab_tag.$1" -- bash -c \
		'exec 3<>"/dev/tcp/$1/22" && read -r -t 5 banner <&3 && [[ $banner == SSH-2.0-* ]]' \
		- "10.99.0.$(host_number "$1")" 2>/dev/null
}

# As when the power goes: first nothing more comes over the wire, not even the
# FIN of a dying process; then all is gone but the disk and the shared directory.
end_host() { # HOST
	local -a cgroups
	if is_machine "$1"; then
		end_machine "$1"
		return
	fi
	if [[ -e /run/netns/$lab_tag.$1 ]]; then
		cut_link "$1" 2>/dev/null || true
	fi
	mapfile -t cgroups < <(find_cgroups "$1")
	end_cgroups "${cgroups[@]}"
	end_netns_processes "$lab_tag.$1"
	drop_link "$1"
	rm -f "$lab_dir/hosts/$1/pid"
}

# What somebody put into the host's network without "lab exec".
end_netns_processes() { # NETNS
	local pid
	if [[ -e /run/netns/$1 ]]; then
		for pid in $(ip netns pids "$1"); do
			kill -KILL "$pid" 2>/dev/null || true
		done
	fi
}
