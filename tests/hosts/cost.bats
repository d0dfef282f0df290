#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# The cost of cmigrate itself on the machine it runs on: memory, processor time, time to begin.
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
		[[ $(jq .peak_kb <<<"$report") -lt 16000 ]]
		least=$(jq "[$least, 100 * .cpu_ms / .ms] | min" <<<"$report")
		read -r from to <<<"$to $from"
	done
	say "of its time it computed $least % at least"
	[[ $(jq -n "$least < 5") == true ]]
}

# Counts what the machine starts and computes while a command runs on a host: sets processes and cpu_ms.
costs() { # HOST COMMAND...
	local said
	said=$(on "$1" /opt/cmigrate/scripts/bench.d/cost "${@:2}") || { echo "$said" >&2; return 1; }
	read -r processes cpu_ms <<<"$(tail -n 1 <<<"$said" | sed 's/[a-z_]*=//g')"
}

# There and back with each way in turn: sets own and by_hand, for a move there, to "PROCESSES CPU-MS TOTAL-MS OUTAGE-MS".
compare() { # ROUNDS
	local round begin way
	local -a numbers
	local -A all=()
	for ((round = 0; round <= $1; round++)); do
		for way in own by_hand; do
			begin=${EPOCHREALTIME/[.,]/}
			if [[ $way == own ]]; then
				costs rhel01 sh -c 'cmigrate --json move web rhel02 >/tmp/said'
			else
				costs rhel01 sh -c '/opt/cmigrate/scripts/article -m web rhel02 10.99.0.100/24 eth0 http://10.99.0.100/ >/tmp/said'
			fi
			numbers=("$processes" "$cpu_ms" $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
				"$(on rhel01 sed -n 's/.*outage_ms"*[=:] *\([0-9]*\).*/\1/p' /tmp/said)")
			# The first of each warms the caches.
			((round == 0)) || all[$way]+=" ${numbers[*]}"
			on rhel02 cmigrate -q move web rhel01
		done
	done
	own=$(medians ${all[own]}) by_hand=$(medians ${all[by_hand]})
}

medians() { # FOUR NUMBERS...
	printf '%s %s %s %s\n' "$@" |
		awk '{ for (i = 1; i <= 4; i++) v[i, NR] = $i } END { for (i = 1; i <= 4; i++) {
			for (a = 1; a <= NR; a++) for (b = a + 1; b <= NR; b++) if (v[i, b] < v[i, a]) { t = v[i, a]; v[i, a] = v[i, b]; v[i, b] = t }
			printf "%s%s", v[i, int((NR + 1) / 2)], i < 4 ? " " : "\n" } }'
}

@test "a cold move costs little more than the article's commands" {
	local own by_hand processes cpu_ms
	make_web web 10.99.0.100/24
	start_container rhel01 web
	compare 5
	say "cmigrate: processes, processor ms, ms, outage ms: $own; the article's script: $by_hand"
	read -r a b c d <<<"$own"
	read -r e f g h <<<"$by_hand"
	[[ $(jq -n "$a <= 1.4 * $e and $b <= 1.5 * $f") == true ]]
	[[ $(jq -n "$c <= $g and $d <= 0.3 * $h") == true ]]
}

@test "list and check start few processes" {
	local processes cpu_ms first
	make_web web 10.99.0.100/24
	start_container rhel01 web
	on rhel01 cmigrate -q list rhel01 rhel02
	# Others on the machine start some too: the least of three.
	for _ in 1 2 3; do
		costs rhel01 cmigrate -q list rhel01 rhel02
		first+=" $processes"
	done
	say "list of two hosts: $first processes"
	[[ $(printf '%s\n' $first | sort -n | head -n 1) -le 10 ]]
	for host in rhel01 rhel02; do
		on "$host" rm -rf /run/cmigrate-programs
	done
	costs rhel01 cmigrate -q check web rhel02
	first=$processes
	costs rhel01 cmigrate -q check web rhel02
	say "check: $first processes the first time, then $processes"
	[[ $first -le 90 && $processes -le 40 ]]
}

# Processes that cmigrate and its agent on the source start, without threads.
starts_of_check() { # NAME
	on rhel01 sh -c 'strace -f --seccomp-bpf -qq -e trace=clone,clone3,fork,vfork -o /tmp/trace cmigrate -q check "$1" rhel02 &&
		grep -E "(clone3?|v?fork)\(" /tmp/trace | grep -c -v CLONE_THREAD' - "$1"
}

@test "a check of 200 processes and 2,000 descriptors starts no more processes than one of a single process" {
	local one many
	flag_args python3 -c 'import time; time.sleep(1e6)'
	on rhel01 cmigrate generate one "${flags[@]}" "${common_flags[@]}"
	flag_args python3 -c '
import os, time
for i in range(199):
    if os.fork() == 0:
        break
for i in range(7):
    os.open("/tmp/f%d" % i, os.O_CREAT | os.O_RDWR)
time.sleep(1e6)'
	on rhel01 cmigrate generate many "${flags[@]}" "${common_flags[@]}"
	start_container rhel01 one
	start_container rhel01 many
	wait_on rhel01 30 '[[ $(ls -d $(runc ps --format json many | tr -cs 0-9 "\n" | sed "s:.:/proc/&:;s:$:/fd/9:") 2>/dev/null | wc -l) -eq 200 ]]'
	on rhel01 cmigrate -q check one rhel02
	one=$(starts_of_check one)
	many=$(starts_of_check many)
	say "processes that a check starts: $one for a single process, $many for 200"
	[[ $one -ge 2 && $many -le $one ]]
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
