# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# Many moves of one container at once, from both hosts, each to where the copy isn't: twenty, or as many as let a slow
# machine answer within the seconds that cmigrate gives a host.

fault_rush() {
	local i many=$((20 / slow > 4 ? 20 / slow : 4)) code moved=0 busy=0 refused=0
	local -a pids=() hosts=(rhel01 rhel02)
	for ((i = 0; i < many; i++)); do
		cmigrate_on "${hosts[i % 2]}" '' --quiet move counter "$dst" >"$work/rush.$i" 2>&1 &
		pids+=($!)
	done
	for ((i = 0; i < many; i++)); do
		wait "${pids[i]}"
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
