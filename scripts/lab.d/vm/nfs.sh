# shellcheck shell=bash disable=SC2154 # lab_* variables: set in lab and names.sh
# The NFS server of a lab of virtual machines: nfs-ganesha in the network namespace of the
# bridge, as 10.99.0.254. Exports: /runc; /squash, the same with root_squash; /rootfs and
# /checkout, both read-only.

nfs_address=10.99.0.254

start_nfs() {
	local dir=$lab_dir/nfs
	mkdir -p "$dir"
	ip -n "$lab_wire" addr add "$nfs_address/24" dev br0
	ip -n "$lab_wire" link set lo up
	nfs_configuration >"$dir/conf"
	# It always writes below /var/lib/nfs and /run/ganesha, so each lab gets its own.
	# shellcheck disable=SC2016
	(
		close_descriptors
		exec setsid nsenter --net="/run/netns/$lab_wire" -- unshare --mount -- sh -c '
			mkdir -p /run/ganesha /var/lib/nfs/ganesha
			mount -t tmpfs tmpfs /run/ganesha
			mount -t tmpfs tmpfs /var/lib/nfs/ganesha
			exec ganesha.nfsd -F -f "$1/conf" -p "$1/pid" -L "$1/log" -N WARN' - "$dir" \
			</dev/null >"$dir/out" 2>&1
	) &
	disown
}

nfs_configuration() {
	cat <<-END
		NFS_CORE_PARAM {
			NFS_Protocols = 4;
			Enable_NLM = false;
			Enable_RQUOTA = false;
			allow_set_io_flusher_fail = true;
		}
		NFSV4 {
			Grace_Period = 5;
			Lease_Lifetime = 20;
			Minor_Versions = 1;
			Only_Numeric_Owners = true;
			RecoveryBackend = fs;
		}
		EXPORT_DEFAULTS {
			Protocols = 4;
			Transports = TCP;
			SecType = sys;
			Attr_Expiration_Time = 0;
		}
		$(nfs_export 1 /runc "$lab_shared" RW No_Root_Squash)
		$(nfs_export 2 /squash "$lab_shared" RW Root_Squash)
		$(nfs_export 3 /rootfs "$root_dir/container-rootfs" RO No_Root_Squash)
		$(nfs_export 4 /checkout "$lab_repo" RO No_Root_Squash)
	END
}

nfs_export() { # ID PSEUDO PATH ACCESS SQUASH
	cat <<-END
		EXPORT {
			Export_Id = $1;
			Pseudo = $2;
			Path = "$3";
			Access_Type = $4;
			Squash = $5;
			FSAL { Name = VFS; }
		}
	END
}
