# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# Memory that goes straight to the destination: killed at each step, and what becomes of it when a host or
# the network is lost.

# The images of the shared directory lack the memory, which went with the destination's.
case_direct_both_lost() { # POINT CONTROLLER
	local copies_wanted=0
	begin "crash both $1" "$2" || return 0
	move_crashes "$1" "$src" "$dst"
	boot "$src"
	boot "$dst"
	recover ''
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

cases_direct() {
	local transport=direct step i=0
	local -a controllers=(source third)
	all_kills "${steps[@]}"
	for step in freeze:after dump:after restore:before restore:after answer:before commit:before; do
		case_crash_both "$step" "${controllers[i]}"
		i=$((1 - i))
	done
	case_source_lost freeze:after third
	case_source_restored dump:after third
	case_source_restored restore:before destination
	case_direct_both_lost dump:after third
	for step in prepare freeze dump restore; do
		case_cut_for_good "$step:before" third destination 4 6
		case_cut_for_good "$step:before" source destination 4 6
	done
}
