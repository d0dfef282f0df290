# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154 # the script that has it sets "state"
# Finds what a container's processes have that a dump or a restore can't handle, or only with an option. For facts.sh.

# The container's first process, from runc's state.
first_of_state() {
	printf '%s\n' "$state" | sed -n 's/^ *"pid": *\([0-9]*\).*/\1/p;' | head -n 1
}

cgroup_of() { # PID CONTROLLER
	path=$(sed -n "s/^[0-9]*:$2://p" "/proc/$1/cgroup" 2>/dev/null)
	if [ -n "$path" ]; then
		echo "/sys/fs/cgroup/$2$path"
	else
		echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup" 2>/dev/null)"
	fi
}

# The limits that the container has now, and the memory of its cgroup that can't be reclaimed. Pages that processes
# share count once.
cgroup_memory() { # PID
	memory=$(cgroup_of "$1" memory)
	# Version 1 has the first name, version 2 the other.
	say memory-max "$(cat "$memory/memory.limit_in_bytes" "$memory/memory.max" 2>/dev/null)"
	say pids-max "$(cat "$(cgroup_of "$1" pids)/pids.max" 2>/dev/null)"
	awk '$1 ~ /^(anon|shmem|kernel|total_rss|total_shmem)$/ { sum += $2 }
		END { printf "cgroup-memory=%.0f\n", sum }' "$memory/memory.stat" 2>/dev/null
}

# Prints what CRIU can't dump, or only with a flag, in one pass over all processes. The commands below get
# file names that are made of digits alone.
processes() {
	first=$1
	shift
	[ $# -gt 0 ] || return 0
	enter=
	if [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; then
		enter="nsenter -t $1 -n "
	fi
	for pid in "$@"; do
		shift
		set -- "$@" "$pid/fd"
	done
	(cd /proc && ls -lR "$@" 2>/dev/null) | awk -v enter="$enter" -v first="$first" '
	# At most 16 of a kind.
	function tell(key, value) {
		if (told[key]++ < 16)
			print key "=" substr(value, 1, 600)
	}
	function read_status(pid,   file, line, part, sum, all, swap, split_up) {
		file = "/proc/" pid "/status"
		while ((getline line < file) > 0) {
			split(line, part, /[ \t]+/)
			if (part[1] == "Name:")
				name[pid] = part[2]
			else if (part[1] == "Threads:")
				threads += part[2]
			else if (part[1] == "PPid:") {
				parent[pid] = child_of[pid] = part[2]
				children[part[2]]++
				child[part[2]] = pid
			} else if (part[1] == "RssAnon:" || part[1] == "RssShmem:") {
				sum += part[2]
				split_up = 1
			} else if (part[1] == "VmRSS:")
				all = part[2]
			else if (part[1] == "VmSwap:")
				swap = part[2]
		}
		close(file)
		# Kernels before 4.5 count file pages with the others.
		memory += (split_up ? sum : all) + swap
	}
	function is_memory(path) {
		return path ~ /^\/(memfd:|dev\/zero|SYSV|\[aio\]|anon_hugepage)/
	}
	function tell_deleted(link, path,   cmd, line) {
		if (looked++ > 64)
			return
		cmd = "stat -L -c \"%s %h\" " link " 2>/dev/null"
		if ((cmd | getline line) > 0)
			tell("deleted", line " " path)
		close(cmd)
	}
	# Mapped files, perhaps without a descriptor: a library that was replaced.
	function read_maps(pid,   file, line, part) {
		file = "/proc/" pid "/maps"
		while ((getline line < file) > 0) {
			if (line !~ / \(deleted\)$/)
				continue
			split(line, part, " +")
			sub(/^[^\/]*/, "", line)
			if (is_memory(line) || seen[part[4] " " part[5]]++ || part[1] !~ /^[0-9a-f]+-[0-9a-f]+$/)
				continue
			sub(/ \(deleted\)$/, "", line)
			if (!known[line])
				tell_deleted("/proc/" pid "/map_files/" part[1], line)
			known[line] = 1
		}
		close(file)
	}
	function read_mounts(pid,   file, line, part) {
		split("", mounts)
		file = "/proc/" pid "/mountinfo"
		while ((getline line < file) > 0) {
			split(line, part, " ")
			mounts[part[1]] = part[3] (line ~ / - (tmpfs|ramfs) / ? " memory" : "")
		}
		close(file)
		mounts_of = pid
	}
	function read_own_mounts(   file, line, part) {
		file = "/proc/self/mountinfo"
		while ((getline line < file) > 0) {
			split(line, part, " ")
			devices[part[3]] = 1
		}
		close(file)
		own_mounts_read = 1
	}
	# Nobody outside can want a lock on a tmpfs that the host itself has not mounted.
	function tell_lock(pid, line, path, mount,   part) {
		if (!own_mounts_read)
			read_own_mounts()
		split(line, part, /[ \t]+/)
		split(mounts[mount], device, " ")
		tell(is_memory(path) || (device[2] == "memory" && !(device[1] in devices)) ? "own-lock" : "lock",
		     "process " pid ", " part[3] " " part[5] ", " path)
	}
	# A descriptor may be closed and its number be used anew while we look: what seems to be a file of the
	# host is looked at again.
	function still_outside(pid, fd, path,   command, now, file, line, mount) {
		command = "readlink /proc/" pid "/fd/" fd " 2>/dev/null"
		command | getline now
		close(command)
		file = "/proc/" pid "/fdinfo/" fd
		while ((getline line < file) > 0)
			if (line ~ /^mnt_id:/)
				mount = substr(line, 9)
		close(file)
		sub(/[^0-9]/, "", mount)
		return now == path && mount != "" && !(mount in mounts)
	}
	function path_opened(pid, fd, path,   file, line, mount) {
		if (mounts_of != pid)
			read_mounts(pid)
		file = "/proc/" pid "/fdinfo/" fd
		while ((getline line < file) > 0) {
			if (line ~ /^mnt_id:/) {
				mount = substr(line, 9)
				sub(/[^0-9]/, "", mount)
			} else if (line ~ /^lock:/)
				tell_lock(pid, line, path, mount)
		}
		close(file)
		if (mount != "" && !(mount in mounts) && !is_memory(path) && still_outside(pid, fd, path))
			tell(path ~ /^\/dev\/(pts\/|console|tty)/ ? "terminal" : "stdio",
			     "process " pid ", descriptor " fd ", " path)
		if (path ~ /\/\.nfs[0-9a-f]+$/ && !known[path]++)
			tell("nfs-deleted", path)
		if (path ~ / \(deleted\)$/ && !is_memory(path)) {
			sub(/ \(deleted\)$/, "", path)
			if (!known[path]++)
				tell_deleted("/proc/" pid "/fd/" fd, path)
		}
	}
	# The program, without its directory, and the command line, its words separated by blanks.
	function read_command(pid,   cmd) {
		cmd = "readlink /proc/" pid "/exe 2>/dev/null"
		program[pid] = ""
		cmd | getline program[pid]
		close(cmd)
		sub(/.*\//, "", program[pid])
		cmd = "tr \"\\000\\n\" \"  \" </proc/" pid "/cmdline 2>/dev/null | head -c 2000"
		words[pid] = ""
		cmd | getline words[pid]
		close(cmd)
		sub(/ +$/, "", words[pid])
	}
	# A dump wakes nanosleep. busybox and toybox do not begin it again, except one without end.
	function sleeps_once(pid,   text) {
		if (name[pid] !~ /^(u?sleep|busybox|toybox)/)
			return 0
		if (!(pid in program))
			read_command(pid)
		text = words[pid]
		sub(/^[^ ]*(busy|toy)box[^ ]* +/, "", text)
		return program[pid] ~ /^(busy|toy)box/ && text ~ /^([^ ]*\/)?u?sleep [0-9.]/
	}
	# Whether a shell ends when the sleep that it waits for does.
	function ends_with(pid, sleeper,   text, last) {
		if (name[pid] !~ /^(ba|da|a|z|k|mk)?sh$/)
			return 0
		read_command(pid)
		text = words[pid]
		if (text !~ / -[a-z]*c / || text ~ /(^|[ ;(])(while|until|for|exec) /)
			return 0
		last = text
		sub(/.* -[a-z]*c /, "", last)
		sub(/[ ;]+$/, "", last)
		sub(/.*[;&|] */, "", last)
		sub(/.*\//, "", last)
		text = words[sleeper]
		sub(/^[^ ]*(busy|toy)box[^ ]* +/, "", text)
		sub(/^[^ ]*\//, "", text)
		return last == "wait" || last == text
	}
	# The container ends with a sleep if its first process is that, or waits for it alone.
	function tell_sleeps(   pid, main, alone) {
		main = first
		if (name[main] ~ /^(tini|tini-static|dumb-init|catatonit|docker-init|podman-init)$/ && children[main] == 1)
			main = child[main]
		for (pid in name)
			if (sleeps_once(pid)) {
				alone = parent[pid] == main && children[main] == 1 && ends_with(main, pid)
				tell(pid == main || alone ? "first-sleep" : "sleep", "process " pid ", " words[pid])
			}
	}
	function inode(line) {
		return match(line, / ino:[0-9]+/) ? substr(line, RSTART + 5, RLENGTH - 5) : ""
	}
	function read_sockets(   cmd, line, part, n) {
		cmd = enter "ss -H -tulne 2>/dev/null"
		while ((cmd | getline line) > 0)
			if (inode(line) in sockets) {
				split(line, part, " +")
				print (part[1] == "udp" ? "container-listen-udp=" : "container-listen=") part[5]
			}
		close(cmd)
		cmd = enter "ss -H -aMne 2>/dev/null"
		while ((cmd | getline line) > 0)
			if (inode(line) in sockets) {
				split(line, part, " +")
				tell("mptcp", part[4])
			}
		close(cmd)
		# The last words are the inode of the socket, its peer and the inode of that.
		cmd = enter "ss -H -xa 2>/dev/null"
		while ((cmd | getline line) > 0) {
			sub(/ +$/, "", line)
			n = split(line, part, " +")
			if (part[n - 2] in sockets && part[n] + 0 && !(part[n] in sockets))
				tell("external", (part[1] == "u_dgr" ? "datagram, " : "stream, ") sockets[part[n - 2]])
		}
		close(cmd)
	}
	/^[0-9]+\/fd:$/ {
		pid = $0
		sub(/\/fd:$/, "", pid)
		read_status(pid)
		read_maps(pid)
		next
	}
	match($0, / [0-9]+ -> /) {
		fd = substr($0, RSTART + 1, RLENGTH - 5)
		target = substr($0, RSTART + RLENGTH)
		if (target ~ /^socket:\[[0-9]+\]$/)
			sockets[substr(target, 9, length(target) - 9)] = "process " pid ", descriptor " fd
		else if (target ~ /^\//)
			path_opened(pid, fd, target)
	}
	END {
		read_sockets()
		tell_sleeps()
		for (pid in child_of)
			processes++
		printf "processes=%d\nthreads=%d\nmemory=%.0f\n", processes, threads, memory * 1024
	}'
}
