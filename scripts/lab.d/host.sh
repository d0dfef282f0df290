# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# One host: its files, its start and its end.

host_exists() { # HOST
	[[ -d $lab_dir/hosts/$1 ]]
}

# In a lab of virtual machines every host but the client is one.
is_machine() { # HOST
	[[ -e $lab_dir/vm && $1 != client ]]
}

# Sets host_pid to the pid of the host's pid 1 if it is alive. Another process could
# have the pid by now, but not in the host's network namespace.
find_host_pid() { # HOST
	local netns=$lab_tag.$1
	if is_machine "$1"; then
		netns=$lab_wire
	fi
	if [[ -s $lab_dir/hosts/$1/pid ]]; then
		read -r host_pid <"$lab_dir/hosts/$1/pid"
		[[ /proc/$host_pid/ns/net -ef /run/netns/$netns ]]
		return
	fi
	return 1
}

# The files that all hosts share: a layer between the cached root and each host's own.
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
	make_devices "$lab_dir/common/dev"
	for host in $(host_names "$1"); do
		make_host_files "$host"
	done >"$etc/ssh/ssh_known_hosts"
}

# Each host has a copy, in memory.
make_devices() { # DIR
	mkdir -p "$1"/{pts,shm,mqueue,net}
	mknod -m 666 "$1/null" c 1 3
	mknod -m 666 "$1/zero" c 1 5
	mknod -m 666 "$1/full" c 1 7
	mknod -m 666 "$1/random" c 1 8
	mknod -m 666 "$1/urandom" c 1 9
	mknod -m 666 "$1/tty" c 5 0
	mknod -m 644 "$1/kmsg" c 1 11
	mknod -m 666 "$1/fuse" c 10 229
	mknod -m 600 "$1/net/tun" c 10 200
	ln -s pts/ptmx "$1/ptmx"
	ln -s /proc/self/fd "$1/fd"
	ln -s fd/0 "$1/stdin"
	ln -s fd/1 "$1/stdout"
	ln -s fd/2 "$1/stderr"
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

# Closes all but the standard descriptors. With others a host would hold the caller's
# pipes (bats waits for those) or the lab's lock. bash reads the script from 255 and
# closes that itself.
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
		if [[ -s $lab_dir/hosts/$1/pid ]] && ! find_host_pid "$1"; then
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

# As in a power failure: first nothing more is sent, not even the FIN of a dying
# process; then everything but the disk and the shared directory is gone.
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

# Processes that were put into the host's network without "lab exec".
end_netns_processes() { # NETNS
	local pid
	if [[ -e /run/netns/$1 ]]; then
		for pid in $(ip netns pids "$1"); do
			kill -KILL "$pid" 2>/dev/null || true
		done
	fi
}
