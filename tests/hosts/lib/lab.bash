# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# The lab of a test file: brought up once, taken down at its end, and when the file takes too long.

# shellcheck source=tests/lib/wait.bash
. "${BASH_SOURCE[0]%/*}/../../lib/wait.bash"

hosts_dir=${BASH_SOURCE[0]%/*}/..
lab=$hosts_dir/../../scripts/lab
program=${CMIGRATE:-$hosts_dir/../../build/test/cmigrate}

# A single request that is answered at once is waited for as long, in seconds.
patience=$((10 * ${TEST_SLOWNESS:-1}))

# Runs a command in a host.
on() { # HOST COMMAND...
	"$lab" exec "$@"
}

# Called by setup_file. Past the time limit, scaled, the lab goes, and with it what a test waits for.
start_lab() { # NAME SECONDS [HOSTS]
	local limit=$(($2 * ${TEST_SLOWNESS:-1}))
	if [[ $EUID -ne 0 ]]; then
		echo "needs root" >&2
		return 1
	fi
	export LAB_NAME=$1-$$ BATS_TEST_TIMEOUT=$limit
	guard_lab "$limit" 3>&- >/dev/null 2>&1 &
	export LAB_GUARD=$!
	"$lab" up "${3:-2}" 3>&- || return 1
	place_program
}

# SIGTERM ends it, and its sleep. Who kills the test run leaves it to take the lab down in the end.
guard_lab() { # SECONDS
	local clock
	sleep "$1" &
	clock=$!
	# shellcheck disable=SC2064 # the pid of now
	trap "kill $clock; exit" TERM
	wait "$clock"
	"$lab" down
}

# Called by teardown_file, also after a setup_file that failed.
end_lab() {
	# Without it no lab was begun, and LAB_NAME may be somebody's.
	if [[ -n ${LAB_GUARD:-} ]]; then
		kill "$LAB_GUARD" 2>/dev/null || true
		"$lab" down
	fi
}

# The program of the start of the tests, whatever is built meanwhile. A relay that still runs has the old file.
place_program() {
	local host _
	"$lab" status | while read -r host _; do
		on "$host" sh -c 'cat >"$1.new" && chmod 755 "$1.new" && mv "$1.new" "$1"' - /usr/local/sbin/cmigrate <"$program"
	done
}

# wait_until inside a host, where asking is cheap. COMMAND is a line of shell. It is asked after 10 ms first,
# and less often then: each asking may start processes.
wait_on() { # HOST SECONDS LINE
	on "$1" bash -c '
		deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) pause=1
		exec {never}<> <(:)
		until eval "$2"; do
			[[ ${EPOCHREALTIME/./} -lt $deadline ]] || { echo "not within $1 s: $2" >&2; exit 1; }
			printf -v seconds "0.%02d" "$pause"
			read -r -t "$seconds" -u "$never"
			((pause = pause < 16 ? pause * 2 : 20))
		done' - "$(($2 * ${TEST_SLOWNESS:-1}))" "$3"
}

# Waits until the process whose pid is in /var/pid on HOST has stopped itself, at its CMIGRATE_PAUSE.
wait_paused() { # HOST [SECONDS]
	wait_on "$1" "${2:-30}" 'read -r pid </var/pid && read -r stat <"/proc/$pid/stat" && [[ $stat == *") T "* ]]'
}

now_ms() {
	local t=${EPOCHREALTIME/[.,]/}
	echo $((t / 1000))
}

# Remarks for the reader of the test run.
say() {
	echo "# $*" >&3
}
