# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # set by bats
# The form of a refusal.

# refuses STATUS TEXT COMMAND...: one line with TEXT on stderr, nothing on stdout.
refuses() {
	local status_wanted=$1 text=$2
	shift 2
	run --separate-stderr "$@"
	[ "$status" -eq "$status_wanted" ] || { echo "status $status: $stderr"; return 1; }
	[[ $stderr == *"$text"* ]] || { echo "stderr: $stderr"; return 1; }
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
}
