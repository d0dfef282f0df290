#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# What cmigrate itself takes of the machine it runs on: memory, processor time, time to begin.
# Alone: time to begin.
# check-all: times and sizes mean something on an idle machine alone.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-cost 600
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

@test "a move takes little memory, and does not wait busily" {
	local from=rhel01 to=rhel02 turn report least=100
	make_web web 10.99.0.100/32 --label org.cmigrate.address=10.99.0.100/32,fd99::100/128
	start_container rhel01 web
	for turn in 1 2 3 4; do
		report=$(on client python3 /opt/cmigrate/tests/hosts/programs/meter.py cmigrate -q move web "$to" --from "$from" 2>&1)
		say "move $turn: $(jq -r '"\(.peak_kb) kB, \(.cpu_ms) ms of its own in \(.ms) ms"' <<<"$report")"
		[[ $(jq .status <<<"$report") -eq 0 ]]
		# Looked at every millisecond: it was seen.
		[[ $(jq .peak_kb <<<"$report") -gt 1000 ]]
		[[ $(jq .peak_kb <<<"$report") -lt 14000 ]]
		least=$(jq "[$least, 100 * .cpu_ms / .ms] | min" <<<"$report")
		read -r from to <<<"$to $from"
	done
	say "of its time it computed $least % at least"
	[[ $(jq -n "$least < 5") == true ]]
}

@test "its first command is started soon" {
	local turn times=()
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		times+=("$(on client strace -f --seccomp-bpf -q -e trace=execve -ttt -o /dev/stdout cmigrate -q status nosuch 2>/dev/null |
			awk '/execve\(/ {at[n++] = $2} END {if (n > 1) printf "%.1f", (at[1] - at[0]) * 1000}')")
		[[ -n ${times[-1]} ]]
	done
	say "from its start to its first command, ms: ${times[*]}"
	[[ $(printf '%s\n' "${times[@]}" | sort -n | head -n 1 | cut -d. -f1) -lt 40 ]]
}
