# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# Clients in the host "client" that go on while a container moves, and what they saw.

# Starts programs/NAME.py there; its report goes to /tmp/KEY.out. Returns when it has begun.
start_client() { # KEY PROGRAM ARG...
	on client env TEST_SLOWNESS="${TEST_SLOWNESS:-1}" bash -c '
		rm -f "/tmp/$1".*
		python3 "/opt/cmigrate/tests/hosts/programs/$2.py" "${@:3}" </dev/null >"/tmp/$1.out" 2>"/tmp/$1.err" &
		echo $! >"/tmp/$1.pid"
		exec {never}<> <(:)
		deadline=$((SECONDS + 20 * TEST_SLOWNESS))
		until [[ -e /tmp/$1.err && $(</tmp/$1.err) == *begun* ]]; do
			((SECONDS <= deadline)) || { cat "/tmp/$1.err" >&2; exit 1; }
			read -r -t 0.02 -u "$never"
		done
		true' - "$@"
}

# Ends a lap of what it measures.
end_lap() { # KEY...
	on client bash -c 'for key in "$@"; do kill -USR1 "$(<"/tmp/$key.pid")"; done' - "$@"
}

# Asks it to end (SIGTERM), waits for that and prints its report, a JSON object.
end_client() { # KEY
	on client bash -c '
		pid=$(<"/tmp/$1.pid")
		kill "$pid" 2>/dev/null
		# Not a child of this shell.
		timeout "$2" tail --pid="$pid" -s 0.02 -f /dev/null
		cat "/tmp/$1.err" >&2
		cat "/tmp/$1.out"' - "$1" $((20 * ${TEST_SLOWNESS:-1})) 2> >(grep -v -x begun >&2)
}
