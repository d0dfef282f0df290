# shellcheck shell=bash disable=SC2154,SC2016 # lab_* variables: set in lab and names.sh; $1: for a hook
# The root file system of the hosts, made once by mmdebstrap and kept in
# LAB_CACHE/SUITE-HASH: root/, container-rootfs/ and versions.

root_packages=(
	runc criu tini openssh-server openssh-client redis-server busybox-static lighttpd
	iproute2 nftables iptables iputils-arping iputils-ping tcpdump
	netcat-openbsd curl wrk libjansson4 libcurl4t64 python3 jq
	procps util-linux coreutils strace
)
read -ra root_extra <<<"${LAB_EXTRA_PACKAGES:-}"
root_packages+=("${root_extra[@]}")
if [[ -n $LAB_VM ]]; then
	root_packages+=("${vm_packages[@]}")
fi

# Raise it when the code below changes what is in the root.
root_recipe=2

# The criu must suit the kernel: from 6.16 on the kernel has a socket option that only
# criu 4.2 can handle.
choose_suite() {
	local major minor rest
	if [[ -n $LAB_VM ]]; then
		# Its kernel comes with it, and suits its criu.
		echo trixie
		return
	fi
	IFS=.- read -r major minor rest < <(uname -r)
	if ((major > 6 || major == 6 && minor >= 16)); then
		echo forky
	else
		echo trixie
	fi
}

root_hash() {
	echo "$root_recipe ${LAB_VM:+$vm_recipe }${root_packages[*]}" | sha256sum | cut -c1-12
}

# The mirror that the system's own apt uses for Debian.
find_mirror() {
	local mirror
	# shellcheck disable=SC2016 # apt's variables, not the shell's
	mirror=${LAB_MIRROR:-$(
		apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
			awk '$2 == "Debian" && $3 == "Debian" { print $1; exit }'
	)}
	if [[ -z $mirror ]]; then
		echo "lab: no Debian mirror in apt's sources: run apt-get update, or set LAB_MIRROR" >&2
		return 1
	fi
	echo "$mirror"
}

# Sets root_dir, building it if it isn't there.
need_root() { # SUITE
	local lock
	root_dir=$LAB_CACHE/$1${LAB_VM:+-vm}-$(root_hash)
	if [[ -d $root_dir ]]; then
		return 0
	fi
	if ! command -v mmdebstrap >/dev/null; then
		echo "lab: mmdebstrap is missing: run scripts/setup lab" >&2
		return 1
	fi
	mkdir -p "$LAB_CACHE"
	# The builder's children keep the lock: while one of them is alive, nobody
	# takes its directory for a leftover.
	exec {lock}>"$LAB_CACHE/lock"
	flock "$lock"
	if [[ ! -d $root_dir ]]; then
		rm -rf --one-file-system "$LAB_CACHE"/building.*
		build_root "$1" "$LAB_CACHE/building.$$"
		mv -T "$LAB_CACHE/building.$$" "$root_dir"
	fi
	exec {lock}>&-
}

build_root() { # SUITE DIR
	local mirror
	mirror=$(find_mirror)
	echo "lab: building a root file system of Debian $1, once" >&2
	mkdir -p "$2"
	# A build outlives a killed "up"; "down" need not wait for it.
	if ! bootstrap "$1" "$2/root" "$mirror" {lab_lock}>&- >"$2/log" 2>&1; then
		tail -n 20 "$2/log" >&2
		echo "lab: mmdebstrap failed" >&2
		return 1
	fi
	trim_root "$2/root"
	write_versions "$1" "$2/root" >"$2/versions"
	build_container_rootfs "$2/root" "$2/container-rootfs"
	if [[ -n $LAB_VM ]]; then
		build_disk "$2"
	fi
}

# A suite under development may be served past its Release file's date. Java's package fails without a directory for
# its manuals.
bootstrap() { # SUITE DIR MIRROR
	local proxy
	proxy=$(apt-config shell PROXY Acquire::http::Proxy | sed "s/^PROXY='\(.*\)'$/\1/")
	# INITRD: the kernel's package need not make one.
	INITRD=No mmdebstrap --mode=root --variant=minbase \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
		--setup-hook='mkdir -p "$1/usr/share/man/man1"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$(
			IFS=,
			echo "${root_packages[*]}"
		)" \
		"$1" "$2" "deb $3 $1 main"
}

# Everything made here is the same for every host of every lab, so no keys.
trim_root() { # ROOT
	rm -f "$1"/etc/ssh/ssh_host_*_key* "$1/etc/resolv.conf" "$1/etc/hostname"
	rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*
	mkdir -p "$1/runc" "$1/opt/cmigrate" "$1/.machine"
	ln -sf /opt/cmigrate/cmigrate "$1/usr/local/bin/cmigrate"
	chroot "$1" useradd --uid 1000 --create-home --shell /bin/bash oper
	# "!" as password would make sshd refuse the keys too.
	chroot "$1" usermod --password '*' oper
}

# Prints the versions by running criu and runc, so a root that can't run them fails here.
write_versions() { # SUITE ROOT
	echo "suite=$1"
	echo "criu=$(chroot "$2" criu --version | awk '/^Version:/ { print $2 }')"
	echo "runc=$(chroot "$2" runc --version | awk 'NR == 1 { print $3 }')"
}

# A small root for test containers: busybox with its applets, redis, lighttpd
# and python3, each with the libraries it is linked with.
build_container_rootfs() { # ROOT DIR
	local root=$1 dir=$2 python
	local -a modules
	mkdir -p "$dir"/{bin,sbin,usr/bin,usr/sbin,usr/lib,etc,proc,sys,dev,run,root,home,mnt,srv,data} \
		"$dir"/var/{lib/redis,log/httpd,www/html,tmp} "$dir/tmp"
	chmod 1777 "$dir/tmp" "$dir/var/tmp"
	cp "$root/usr/bin/busybox" "$dir/bin/busybox"
	chroot "$dir" /bin/busybox --install -s
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$dir/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$dir/etc/group"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$dir/etc/hosts"
	python=$(basename "$(readlink -f "$root/usr/bin/python3")")
	cp -L "$root"/usr/bin/{redis-server,redis-cli,"$python"} "$dir/usr/bin/"
	cp -L "$root/usr/sbin/lighttpd" "$dir/usr/sbin/"
	cp -a "$root/usr/lib/lighttpd" "$dir/usr/lib/"
	ln -s "$python" "$dir/usr/bin/python3"
	cp -a "$root/usr/lib/$python" "$dir/usr/lib/"
	mapfile -t modules < <(find "$root/usr/lib/$python" -name '*.so' -printf "/usr/lib/$python/%P\n")
	mapfile -t -O "${#modules[@]}" modules < <(find "$root/usr/lib/lighttpd" -name '*.so' -printf '/usr/lib/lighttpd/%P\n')
	copy_libraries "$root" "$dir" /usr/bin/redis-server /usr/bin/redis-cli /usr/sbin/lighttpd \
		"/usr/bin/$python" "${modules[@]}"
	chroot "$dir" /usr/bin/python3 -c 'import json, socket, ssl'
	chroot "$dir" /usr/bin/redis-server --version >/dev/null
	chroot "$dir" /usr/sbin/lighttpd -v >/dev/null
	chroot "$dir" /bin/busybox httpd --help >/dev/null 2>&1
}

copy_libraries() { # ROOT DIR BINARY...
	local root=$1 dir=$2 library
	shift 2
	chroot "$root" ldd "$@" 2>/dev/null | grep -o '/[^ :]*\.so[^ :]*' | sort -u |
		while read -r library; do
			mkdir -p "$dir${library%/*}"
			cp -nL "$root$library" "$dir$library"
		done
}
