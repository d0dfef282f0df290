# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the lane's variables
# The hosts of a lane.

lab=${faults_dir%/tests/faults}/scripts/lab

on() { # HOST COMMAND...
	"$lab" exec "$@"
}

# Sets other.
other_than() { # HOST
	if [[ $1 == rhel01 ]]; then other=rhel02; else other=rhel01; fi
}

# A power loss takes all at once. Here criu may be killed a moment before the processes that it keeps
# stopped: with the link cut already and the host as good as gone, the observer is told not to count.
crash() { # HOST
	echo "$1" >"$work/off"
	moment 0.02
	"$lab" crash "$1"
	rm -f "$work/off"
}

# What a host has on its disk is there again; the rest is the boot's work.
boot() { # HOST
	"$lab" boot "$1" >/dev/null
}

# Puts a program in the place of another that sleeps for ever where LINE (shell) succeeds.
hang() { # HOST PROGRAM LINE
	on "$1" bash -c '
		real=$(PATH=${PATH#*:} command -v "$1")
		printf "%s\n" "#!/bin/bash" "if $2; then exec sleep infinity; fi" "exec $real \"\$@\"" >"/usr/local/sbin/$1"
		chmod 755 "/usr/local/sbin/$1"' - "$2" "$3"
}

unhang() { # HOST PROGRAM
	on "$1" rm -f "/usr/local/sbin/$2"
}
