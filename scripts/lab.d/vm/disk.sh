# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# The files that virtual machines start from, kept beside the root file system that they are made of:
# disk (ext4; a machine writes to an overlay of its own), vmlinuz and initrd.

vm_packages=(linux-image-cloud-amd64 kmod nfs-common apache2-bin)

# Raise it when the code below changes the files.
vm_recipe=2

# The modules that the initrd needs to reach the disk; the others are loaded from the disk.
vm_first_modules=(virtio_pci virtio_blk ext4)

# A sparse file; the machines' own data is in overlays.
vm_disk_size=4G

build_disk() { # DIR
	local kernel
	kernel=$(basename "$1"/root/boot/vmlinuz-*)
	mv "$1/root/boot/$kernel" "$1/vmlinuz"
	rm -rf "${1:?}"/root/boot/*
	build_initrd "$1" "${kernel#vmlinuz-}"
	add_httpd "$1/root" "$1/container-rootfs"
	truncate -s "$vm_disk_size" "$1/disk"
	mke2fs -q -t ext4 -m 0 -d "$1/root" "$1/disk"
}

# busybox, the modules and a script. Debian's own initrd takes several times as long.
build_initrd() { # DIR KERNEL
	local root=$1/root initrd=$1/root/initrd module name
	mkdir -p "$initrd"/{dev,proc,new,modules}
	cp "$root/usr/bin/busybox" "$initrd/busybox"
	install -m 755 "$lab_parts/vm/initrd" "$initrd/init"
	chroot "$root" modprobe --all --set-version "$2" --show-depends "${vm_first_modules[@]}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r module; do
			name=$(basename "${module%.?z}")
			unpack_module "$root" "$module" >"$initrd/modules/$name"
			echo "$name" >>"$initrd/modules/order"
		done
	chroot "$root" busybox sh -c 'cd /initrd && find . | busybox cpio -o -H newc' >"$1/initrd"
	rm -rf "$initrd"
}

unpack_module() { # ROOT MODULE
	case $2 in
	*.xz) chroot "$1" busybox unxz -c "$2" ;;
	*.gz) chroot "$1" busybox gunzip -c "$2" ;;
	*.ko) cat "$1$2" ;;
	*)
		echo "lab: don't know how to unpack $2" >&2
		return 1
		;;
	esac
}

# Apache as in the article: /usr/sbin/httpd, with a master that is root and workers that aren't.
add_httpd() { # ROOT DIR
	local root=$1 dir=$2 module
	local -a modules
	mkdir -p "$dir/usr/lib/apache2/modules" "$dir/etc/apache2"
	# Replaces a link of that name, and not the busybox that it points to.
	cp --remove-destination "$root/usr/sbin/apache2" "$dir/usr/sbin/httpd"
	for module in mpm_prefork authz_core mime dir; do
		cp "$root/usr/lib/apache2/modules/mod_$module.so" "$dir/usr/lib/apache2/modules/"
		modules+=("/usr/lib/apache2/modules/mod_$module.so")
	done
	copy_libraries "$root" "$dir" /usr/sbin/apache2 "${modules[@]}"
	grep '^www-data:' "$root/etc/passwd" >>"$dir/etc/passwd"
	grep '^www-data:' "$root/etc/group" >>"$dir/etc/group"
	echo 'text/html html' >"$dir/etc/apache2/mime.types"
	httpd_configuration >"$dir/etc/apache2/apache2.conf"
	chroot "$dir" /usr/sbin/httpd -t 2>&1 | sed '/^Syntax OK$/d'
}

httpd_configuration() {
	cat <<-'END'
		ServerName localhost
		Listen 80
		User www-data
		Group www-data
		PidFile /run/httpd/httpd.pid
		ErrorLog /var/log/httpd/error_log
		LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
		LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
		LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
		LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
		TypesConfig /etc/apache2/mime.types
		StartServers 5
		MaxKeepAliveRequests 0
		KeepAliveTimeout 60
		DocumentRoot /var/www/html
		DirectoryIndex index.html
	END
}
