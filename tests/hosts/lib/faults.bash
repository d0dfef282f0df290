# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# Programs in the place of runc and criu that misbehave in one way and are the real ones otherwise.

# SCRIPT is run as sh before the real runc on HOST, with its arguments as $@; a restore is told by
# $restoring, its images by $images.
wrap_runc() { # HOST SCRIPT
	on "$1" sh -c 'cat >/usr/local/sbin/runc; chmod 755 /usr/local/sbin/runc' <<-END
		#!/bin/sh
		restoring='' images=''
		for word in "\$@"; do
			[ "\$word" != restore ] || restoring=yes
			[ "\$before" != --image-path ] || images=\$word
			before=\$word
		done
		$2
		exec /usr/sbin/runc "\$@"
	END
}

# Each restore on HOST waits in its runc until let_restores_go; /var/started tells of the first.
hold_restores() { # HOST...
	local host
	for host in "$@"; do
		on "$host" sh -c '
			mkfifo /var/held /var/go
			flock /var/restores sh -c "echo >/var/held; read -r _ </var/go" >/dev/null 2>&1 3>&- &
			read -r _ </var/held'
		wrap_runc "$host" '[ -z "$restoring" ] || { echo >/var/started; flock --shared /var/restores true; }'
	done
}

let_restores_go() { # HOST...
	local host
	for host in "$@"; do
		on "$host" sh -c 'echo >/var/go && flock /var/restores true && rm -f /var/held /var/go /var/started'
		unwrap "$host"
	done
}

# A criu that says it is of VERSION.
claim_criu() { # HOST VERSION
	on "$1" sh -c 'cat >/usr/local/sbin/criu; chmod 755 /usr/local/sbin/criu' <<-END
		#!/bin/sh
		if [ "\$1" = --version ]; then
			echo "Version: $2"
			exit 0
		fi
		exec /usr/sbin/criu "\$@"
	END
}

# HOST's passes of pre-copy write nothing that counts, and its kernel is said to track memory: a lab's kernel doesn't.
# Each pass waits for let_pass_go, and /var/pass tells of it. The dump has all memory.
fake_passes() { # HOST
	on "$1" sh -c 'cat >/usr/local/sbin/criu; chmod 755 /usr/local/sbin/criu; mkfifo /var/pass /var/go' <<-'END'
		#!/bin/sh
		case "$*" in *mem_dirty_track*) exit 0 ;; esac
		exec /usr/sbin/criu "$@"
	END
	# shellcheck disable=SC2016 # for the shell of the host
	wrap_runc "$1" 'case " $* " in
	*" --pre-dump "*)
		mkdir -p "$images" && head -c 50000000 /dev/zero >"$images/pages-1.img"
		echo >/var/pass && read -r _ </var/go
		exit ;;
	esac
	for word in "$@"; do
		shift
		case "$word" in --parent-path=*) ;; *) set -- "$@" "$word" ;; esac
	done'
}

let_pass_go() { # HOST
	on "$1" sh -c 'echo >/var/go'
}

unwrap() { # HOST...
	local host
	for host in "$@"; do
		on "$host" rm -f /usr/local/sbin/runc /usr/local/sbin/criu /var/pass
	done
}
