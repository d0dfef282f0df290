# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Polls for conditions that no event reports, and scales bounds to the machine.
#
# tests/run measures once how much slower than usual the machine starts processes, and exports it as
# TEST_SLOWNESS, a whole number of 1 or more. Each bound that only ends a hang is multiplied
# by it: `timeout "$(scaled 10)" ...`. A time that a test is about is not. wait_until scales its own
# bound. In C: scaled_ms() in tests/unit/slowness.h.

# Prints SECONDS, a whole number, multiplied for this machine.
scaled() { # SECONDS
	echo $(($1 * ${TEST_SLOWNESS:-1}))
}

# Runs COMMAND until it succeeds, for at most SECONDS, scaled: after 10 ms first, and less often then, because each run
# may start processes.
wait_until() { # SECONDS COMMAND...
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000 * ${TEST_SLOWNESS:-1})) pause=1
	shift
	until "$@"; do
		if [[ ${EPOCHREALTIME/[.,]/} -gt $deadline ]]; then
			echo "not within the time: $*" >&2
			return 1
		fi
		sleep "0.0$pause"
		((pause = pause < 5 ? pause * 2 : 9))
	done
}
