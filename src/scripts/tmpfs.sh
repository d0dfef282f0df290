#!/bin/sh
# SPDX-License-Identifier: MIT
# tmpfs save|same RUN IMAGES NAME: does outside of the freeze what CRIU would do inside it with each tmpfs of a
# container (tar and gzip at the dump, both again at the restore: 9 ms each, also for an empty one).
#
# save, while the container runs: archives each small tmpfs that has only directories, links, device nodes
# and empty files into IMAGES/tmpfs, and tells CRIU that these mounts are external; restore.sh
# makes them on the destination. Every other tmpfs is left to CRIU; all are if a tool is missing. Prints
# "saved" if there are any.
# same, while the container is frozen: compares those with their archives. Prints "changed" if they differ,
# and archives them anew for refill.sh.
verb=$1 run=$2 images=$3 name=$4
saved=$images/tmpfs
umask 077
export LC_ALL=C

# A line for each file, with all that shows a change; the name is last, because it may contain anything. A file
# with contents could be written through a mapping without a change of these: such a file is not saved.
contents() {
	# shellcheck disable=SC2046 # paths of harmless characters (candidates)
	find $(cut -d ' ' -f 3 "$run/tmpfs.mounts") -xdev -printf '%H %D %y %s %m %U %G %T@ %C@ %P %l\n'
}

# NUMBER OPTIONS PATH DEVICE of the tmpfs that belong to the container alone: not of a host's tmpfs bound there.
# None at all if mounts propagate between container and host, because restore.sh makes mounts of its
# own. OPTIONS are those that any kernel takes; the kernel adds the others by itself.
# DEVICE is what find shows.
candidates() {
	awk -v root="/proc/$pid/root" '
		{
			for (i = 7; i < NF && $i != "-"; i++)
				;
			options = $(i + 3)
			gsub(/,(seclabel|inode32|inode64)/, "", options)
		}
		FILENAME == "/proc/self/mountinfo" { host[$3] = 1; next }
		{ times[$5]++ }
		$7 != "-" { passed_on = 1 }
		$7 == "-" && $8 == "tmpfs" && $4 == "/" && $3 ~ /^0:/ && !($3 in host) && $5 != "/sys/fs/cgroup" &&
			$5 ~ /^(\/[A-Za-z0-9._-]+)+$/ &&
			options ~ /^r[ow](,(size|nr_blocks|nr_inodes|mode|uid|gid)=[0-9a-z%]+)*$/ {
			minor = substr($3, 3)
			line[$5] = options " " root $5 " " minor % 256 + int(minor / 256) * 1048576
		}
		END { for (path in line) if (!passed_on && times[path] == 1) print ++n, line[path] }
		' /proc/self/mountinfo "/proc/$pid/mountinfo"
}

# The tmpfs of that list whose contents may be saved.
choose() {
	contents 2>/dev/null | awk '
		NR == FNR { device[$3] = $4; line[$3] = $0; next }
		!($1 in line) { odd = 1 }
		# The first line is the mount itself. A line with another device begins the next mount.
		++files[$1] == 1 ? $2 != device[$1] : $2 != device[$1] && $3 != "d" { bad[$1] = 1 }
		files[$1] > 200 { bad[$1] = 1 }
		$3 != "d" && $3 != "l" && $3 != "b" && $3 != "c" && !($3 == "f" && $4 == 0) { bad[$1] = 1 }
		END { for (path in line) if (!odd && files[path] && !(path in bad)) print line[path] }
		' "$run/tmpfs.mounts" - >"$run/tmpfs.chosen"
	mv "$run/tmpfs.chosen" "$run/tmpfs.mounts"
}

# Works in the directory itself: the path may lead elsewhere a moment later, even to the host's files.
archive() { # SUFFIX
	while read -r number _ path device; do
		(
			cd "$path" && [ "$(stat -c %d .)" = "$device" ] &&
				tar --format=posix --one-file-system --numeric-owner --sparse -cf "$saved/$number.$1" .
		) 2>/dev/null || return 1
	done <"$run/tmpfs.mounts"
}

save() {
	pid=$(sed -n 's/.*"init_process_pid":\([0-9]*\).*/\1/p' "/run/runc/$name/state.json")
	[ -n "$pid" ] && [ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/self/ns/user)" ] || return 1
	candidates >"$run/tmpfs.mounts" && [ -s "$run/tmpfs.mounts" ] || return 1
	choose && [ -s "$run/tmpfs.mounts" ] || return 1
	# Listed before they are archived, so that a change in between is seen.
	contents >"$run/tmpfs.contents" || return 1
	mkdir "$saved" && archive tar || return 1
	cut -d ' ' -f 1,2 "$run/tmpfs.mounts" >"$saved/list" || return 1
	sed -E 's#^([0-9]+) [^ ]+ /proc/[0-9]+/root([^ ]+) .*#external mnt[\2]:tmpfs-\1#' "$run/tmpfs.mounts" >>"$run/criu.conf"
}

case $verb in
save)
	save 2>/dev/null && echo saved && exit 0
	rm -rf "$saved" "$run/tmpfs.mounts"
	[ ! -e "$saved" ]
	;;
same)
	if ! contents 2>/dev/null | cmp -s - "$run/tmpfs.contents"; then
		archive again || {
			echo "'${path#/proc/*/root}', a tmpfs of the container, can't be saved:" \
				"it is elsewhere by now, or the images directory is full; try again" >&2
			exit 1
		}
		echo changed
	fi
	: >"$saved/checked"
	;;
esac
