# shellcheck shell=bash disable=SC2034 # they are used in the other files
# Names, addresses and paths of a lab. Needs LAB_NAME, LAB_CACHE, LAB_BASE.

lab_dir=$LAB_BASE/$LAB_NAME # everything that this lab has on disk
lab_shared=$lab_dir/shared  # /runc on every host
lab_tag=cmlab.$LAB_NAME     # its cgroups and network namespaces carry this name
lab_wire=$lab_tag.wire      # network namespace with nothing in it but the bridge

valid_lab_name() {
	# No dot: "cmlab.a." must never be the beginning of another lab's names.
	[[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$ ]]
}

host_names() { # COUNT
	local i
	for ((i = 1; i <= $1; i++)); do
		printf 'rhel%02d\n' "$i"
	done
	echo client
}

# The last part of the host's addresses.
host_number() { # HOST
	if [[ $1 == client ]]; then
		echo 200
	else
		echo $((10#${1#rhel}))
	fi
}

hosts_file() { # COUNT
	local host number
	cat <<-END
		127.0.0.1 localhost
		::1 localhost ip6-localhost
		10.99.0.100 rhel0x
		10.99.0.101 rhel1x
		fd99::100 rhel0x6
		fd99::101 rhel1x6
	END
	if [[ -e $lab_dir/vm ]]; then
		echo "$nfs_address nfs"
	fi
	for host in $(host_names "$1"); do
		number=$(host_number "$host")
		echo "10.99.0.$number $host"
		echo "fd99::$number $host"
	done
}
