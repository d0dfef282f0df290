# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the lane's variables
# One case: what is looked at before and after, and its row.

flaw() { # TEXT
	flaws+=("$1")
}

count_lines() { # FILE
	local -a lines
	mapfile -t lines <"$1"
	echo "${#lines[@]}"
}

# Fails where the case is not asked for. A strategy or transport that is set is part of its name.
begin() { # NAME CONTROLLER
	local pattern
	set -- "${strategy:+$strategy: }${transport:+$transport: }$1" "$2"
	if [[ ${#patterns[@]} -gt 0 ]]; then
		for pattern in "${patterns[@]}"; do
			[[ "$1 $2" == *$pattern* ]] && break
			false
		done || return
	fi
	name=$1 controller=$2
	src=$here dst=$(other_than "$here")
	flaws=() move_code=- recover_code=- may_lose='' remark=''
	heard=0
	client_hears $((10 * slow)) || flaw "the counter did not answer before"
	before=$heard
	losses=$(count_lines "$work/losses")
	doubles=$(count_lines "$work/doubles")
}

expect_code() { # WHAT CODE EXPECTED...
	local code
	for code in "${@:3}"; do
		[[ $2 != "$code" ]] || return 0
	done
	flaw "$1 ended with $2 instead of ${*:3}: $(tail -n 2 "$work/$1.out" | tr '\n' ' ' | cut -c 1-500)"
}

# What is on a host; asked until nothing of a move is left there or the time is up.
look_at() { # HOST
	local end=$(($(now_us) + slow * 10000000))
	while :; do
		on "$1" bash /opt/cmigrate/tests/faults/programs/leftovers counter "$address" >"$work/left-$1" 2>&1
		if [[ $(count_lines "$work/left-$1") -eq 1 || $(now_us) -gt $end ]]; then
			return
		fi
		moment 0.05
	done
}

check_hosts() {
	local host state has copies=0
	look_at rhel01 &
	look_at rhel02
	wait $!
	for host in rhel01 rhel02; do
		read -r state has <"$work/left-$host"
		if [[ $state != none ]]; then
			copies=$((copies + 1))
			here=$host
			[[ $state == running ]] || flaw "$host: the copy is $state"
		fi
		[[ $has == "$([[ $state == none ]] && echo no || echo yes)" ]] || flaw "$host: state $state, address: $has"
		while read -r left; do
			flaw "$host: left $left"
		done < <(tail -n +2 "$work/left-$host")
	done
	[[ $copies -eq ${copies_wanted:-1} ]] || flaw "$copies copies"
	[[ -z ${must_be:-} || $here == "$must_be" ]] || flaw "runs on $here instead of $must_be"
}

# An answer from the host that the copy runs on, and no value that had been given before. What a copy
# acknowledged that was lost with its host (may_lose) can't be known any more.
check_counter() {
	local line
	if [[ ${copies_wanted:-1} -eq 0 ]]; then
		heard=-
		return
	fi
	heard=0 heard_from=nobody
	client_hears $((8 * slow)) || flaw "the counter does not answer"
	[[ $heard_from == "$here" ]] || flaw "$heard_from answers instead of $here"
	while read -r line; do
		if [[ -n $may_lose && $line == *" $may_lose "* ]]; then
			remark="what $may_lose had acknowledged went with it"
		else
			flaw "lost: $line"
		fi
	done < <(tail -n +"$((losses + 1))" "$work/losses")
	[[ $heard -gt $before || -n $may_lose ]] || flaw "counted back from $before to $heard"
}

check_observer() {
	[[ $(count_lines "$work/doubles") -eq $doubles ]] ||
		flaw "two copies: $(tail -n +"$((doubles + 1))" "$work/doubles" | head -n 3 | tr '\n' ' ')"
	kill -0 "$observer_pid" 2>/dev/null || flaw "the observer has ended: $(tail -n 3 "$work/observer.err")"
}

# Looks at everything and prints the row.
finish() { # [HOST it must be on]
	local must_be=${1:-} status=pass text=ok flaw
	check_hosts
	check_counter
	check_observer
	if [[ ${#flaws[@]} -gt 0 ]]; then
		status=fail text=FAILED
	fi
	row "$status" "${remark:+$text: }${remark:-$text}"
	for flaw in "${flaws[@]}"; do
		printf 'more\t-\t    %s\n' "$flaw"
	done
	if [[ $status == fail ]]; then
		if [[ -n ${FAULTS_KEEP:-} ]]; then
			sed 's/^/more\t-\t    move: /' "$work/move.out"
			sed 's/^/more\t-\t    recover: /' "$work/recover.out"
		fi
		container_reset || printf 'more\t-\t    no new start either\n'
	fi
}

row() { # pass|fail TEXT
	printf 'row\t%s\t%-44s %-12s %5s %8s  %-7s %8s %8s  %s\n' "$1" "$name" "$controller" "$move_code" \
		"$recover_code" "$here" "$before" "$heard" "$2"
}
