# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# Many moves of one container at once, from both hosts.

case_rush() { # NAME HOST...: each moves to where the copy isn't
	local i code moved=0 busy=0 refused=0 host pid
	local -a pids=()
	begin "$1" both || return 0
	shift
	i=0
	for host in "$@"; do
		i=$((i + 1))
		cmigrate_on "$host" '' --quiet move counter "$dst" >"$work/rush.$i" 2>&1 &
		pids+=($!)
	done
	i=0
	for pid in "${pids[@]}"; do
		i=$((i + 1))
		wait "$pid"
		code=$?
		case $code in
		0) moved=$((moved + 1)) ;;
		7) busy=$((busy + 1)) ;;
		3) refused=$((refused + 1)) ;;
		*) flaw "one ended with $code: $(tail -n 1 "$work/rush.$i")" ;;
		esac
		[[ $code -ne 3 ]] || grep -q 'already\|not found\|no host has\|on no' "$work/rush.$i" || flaw "refused: $(tail -n 1 "$work/rush.$i")"
	done
	[[ $moved -eq 1 ]] || flaw "$moved moved"
	move_code=0
	remark="$moved moved, $busy busy, $refused refused"
	finish "$dst"
}

cases_rush() {
	local i
	local -a hosts=()
	for i in {1..10}; do
		hosts+=(rhel01 rhel02)
	done
	case_rush '20 moves at once' "${hosts[@]}"
	case_rush '20 moves at once, again' "${hosts[@]}"
}
