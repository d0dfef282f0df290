# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The recovery is killed too, at each of its steps and undos, and then run again.

# The move is killed at one point, and the source lost where that is the side; recoveries are killed at others, and a
# last one is let end. The first recovery that is killed changes nothing of where it must end: its undo goes on.
fault_recovery() {
	local at=$form killed_at
	if [[ $side == source ]]; then
		move_crashes "$at" "$src"
		boot "$src"
		side=$dst
	else
		move "$at"
		expect_code move "$move_code" 137
		side_of "$at"
	fi
	for killed_at in "$point" ${detail#-}; do
		recover "$killed_at"
		expect_code recover "$recover_code" 137
	done
	recovers_after_crash 0
	finish "$side"
}
