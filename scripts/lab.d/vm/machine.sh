# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# One virtual machine. All its processes (qemu, the ssh connection of "lab exec") are in the
# network namespace of the bridge, and "down" finds them there.
#
# Two taps: eth0 in the bridge of the hosts, and lab0 in a bridge of the lab's own.

start_machine() { # HOST
	local dir=$lab_dir/hosts/$1
	rm -f "$dir/pid"
	make_taps "$1"
	pack_files "$1" >"$dir/files.tar"
	if [[ ! -e $dir/disk ]]; then
		qemu-img create -q -f qcow2 -F raw -b "$root_dir/disk" "$dir/disk"
	fi
	: >"$dir/log"
	run_qemu "$1" &
	disown
	until find_host_pid "$1"; do
		if ! kill -0 $! 2>/dev/null; then
			cat "$dir/qemu" >&2
			return 1
		fi
		sleep 0.02
	done
}

make_taps() { # HOST
	local tap
	for tap in "$1" "$1.lab"; do
		ip -n "$lab_wire" link del "$tap" 2>/dev/null || true
		ip -n "$lab_wire" tuntap add dev "$tap" mode tap
		ip -n "$lab_wire" link set "$tap" up
	done
	ip -n "$lab_wire" link set "$1" master br0
	ip -n "$lab_wire" link set "$1.lab" master br-lab
}

make_lab_wire() {
	ip -n "$lab_wire" link add br-lab type bridge stp_state 0 forward_delay 0
	ip -n "$lab_wire" addr add 10.98.0.254/24 dev br-lab
	ip -n "$lab_wire" link set br-lab up
}

# The files that make a host of the disk that all machines share. The initrd reads them.
pack_files() { # HOST
	local upper=$lab_dir/hosts/$1/upper
	mkdir -p "$upper/usr/sbin"
	install -m 755 "$lab_parts/vm/init" "$upper/usr/sbin/lab-init"
	printf 'lab_host=%s\nlab_number=%s\n' "$1" "$(host_number "$1")" >"$upper/etc/lab.conf"
	tar -c --numeric-owner -C "$lab_dir/common" . -C "$upper" .
}

# Emulation works on any machine. cx16 is off because qemu 7.2 can lose the flags of an interrupted
# cmpxchg16b, after which the kernel panics, mostly at boot. With the other features and the kernel's
# mitigations off too, everything takes a fifth less.
vm_cpu=max,-cx16,-erms,-la57,-smap,-smep
vm_kernel='console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0'

# Long enough for a busy machine.
vm_boot_s=300

# Becomes qemu, whose pid is the host's.
run_qemu() { # HOST
	local dir=$lab_dir/hosts/$1 number
	printf -v number '%02x' "$(host_number "$1")"
	close_descriptors
	plain_limits
	echo "$BASHPID" >"$dir/pid"
	exec setsid nsenter --net="/run/netns/$lab_wire" -- qemu-system-x86_64 \
		-name "$lab_tag.$1" -nodefaults -no-user-config -display none -no-reboot \
		-machine pc -accel tcg,thread=multi -cpu "$vm_cpu" -smp 1 -m "$LAB_MEMORY" \
		-kernel "$root_dir/vmlinuz" -initrd "$root_dir/initrd" \
		-append "$vm_kernel" -serial "file:$dir/log" \
		-drive "file=$dir/disk,if=virtio,cache=writeback" \
		-drive "file=$dir/files.tar,format=raw,if=virtio,readonly=on" \
		-netdev "tap,id=net,ifname=$1,script=no,downscript=no" \
		-device "virtio-net-pci,netdev=net,mac=02:00:0a:63:00:$number,romfile=" \
		-netdev "tap,id=lab,ifname=$1.lab,script=no,downscript=no" \
		-device "virtio-net-pci,netdev=lab,mac=02:00:0a:62:00:$number,romfile=" \
		-device virtio-rng-pci </dev/null >"$dir/qemu" 2>&1
}

# Sets the array `ssh` to the words of an ssh to the machine. root's sessions share one connection,
# because a login takes a second there.
ssh_to() { # HOST USER
	local socket=none
	if [[ $2 == root ]]; then
		socket=$lab_dir/hosts/$1/ssh
	fi
	ssh=(nsenter --net="/run/netns/$lab_wire" -- ssh -F none -i "$lab_dir/key" -l "$2"
		-S "$socket" -o BatchMode=yes -o ConnectTimeout=10 -o HostKeyAlias="$1"
		-o UserKnownHostsFile="$lab_dir/common/etc/ssh/ssh_known_hosts"
		-o LogLevel=ERROR "10.98.0.$(host_number "$1")")
}

# A machine is up when it has its sshd and its shared directory. The connection stays open for exec.
wait_for_machine() { # HOST
	local deadline=$((SECONDS + vm_boot_s))
	local -a ssh
	ssh_to "$1" root
	until machine_has_sshd "$1"; do
		if ((SECONDS >= deadline)) || ! find_host_pid "$1"; then
			return 1
		fi
		sleep 0.2
	done
	"${ssh[@]}" -f -N -M </dev/null >/dev/null 2>&1 || return 1
	until "${ssh[@]}" test -e /run/lab-ready; do
		if ((SECONDS >= deadline)); then
			return 1
		fi
		sleep 0.2
	done
}

machine_has_sshd() { # HOST
	# shellcheck disable=SC2016
	timeout 10 nsenter --net="/run/netns/$lab_wire" -- bash -c \
		'exec 3<>"/dev/tcp/$1/22" && read -r -t 5 banner <&3 && [[ $banner == SSH-2.0-* ]]' \
		- "10.98.0.$(host_number "$1")" 2>/dev/null
}

# Becomes ssh. The remote shell is bash, so it reads what printf quotes.
exec_on_machine() { # USER HOST COMMAND...
	local line user=$1 host=$2 home=/root
	local -a ssh
	shift 2
	if [[ $user != root ]]; then
		home=/home/$user
	fi
	printf -v line '%q ' exec env -i HOME="$home" USER="$user" LOGNAME="$user" SHELL=/bin/bash \
		LANG=C.UTF-8 TERM="${TERM:-dumb}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
	ssh_to "$host" "$user"
	exec "${ssh[@]}" "$line"
}

# As in a power failure.
end_machine() { # HOST
	local -a ssh
	if find_host_pid "$1"; then
		kill -KILL "$host_pid" 2>/dev/null || true
		wait_until_gone "$host_pid"
	fi
	ssh_to "$1" root
	"${ssh[@]}" -O exit >/dev/null 2>&1 || true
	ip -n "$lab_wire" link del "$1" 2>/dev/null || true
	ip -n "$lab_wire" link del "$1.lab" 2>/dev/null || true
	rm -f "$lab_dir/hosts/$1/pid" "$lab_dir/hosts/$1/ssh"
}
