# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Waiting for what no event tells of.

# Waits for a condition: asks up to 100 times a second until COMMAND succeeds, for SECONDS at most.
wait_until() { # SECONDS COMMAND...
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@"; do
		if [[ ${EPOCHREALTIME/[.,]/} -gt $deadline ]]; then
			echo "not within the time: $*" >&2
			return 1
		fi
		sleep 0.01
	done
}
