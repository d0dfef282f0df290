# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Waiting for what no event tells of, and bounds that know the machine.
#
# tests/run measures once how much slower than usual the machine starts processes, and exports it as
# TEST_SLOWNESS, a whole number of 1 or more. Each bound of a test that is there to end a hang is scaled
# by it: `timeout "$(scaled 10)" ...`. A time that the test is about is not scaled. wait_until scales its
# own bound. In C: scaled_ms() in tests/unit/slowness.h.

# Prints SECONDS, a whole number, as many as they mean on this machine.
scaled() { # SECONDS
	echo $(($1 * ${TEST_SLOWNESS:-1}))
}

# Waits for a condition: asks up to 100 times a second until COMMAND succeeds, for SECONDS, scaled, at most.
wait_until() { # SECONDS COMMAND...
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000 * ${TEST_SLOWNESS:-1}))
	shift
	until "$@"; do
		if [[ ${EPOCHREALTIME/[.,]/} -gt $deadline ]]; then
			echo "not within the time: $*" >&2
			return 1
		fi
		sleep 0.01
	done
}
