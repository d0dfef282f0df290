# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# Memory that goes ahead of the container: a pass that breaks, and the images of a move that are complete only
# with those of its passes. Hybrid: what is lost while the rest follows it.

# A move that has begun its second pass.
move_is_in_pass() {
	local end=$(($(now_us) + slow * 20000000))
	hang "$src" runc '[[ "$*" == *--pre-dump*/pass-2* ]] && : >/run/in-pass && false'
	move_stops pre-copy:before
	send_signal CONT
	until on "$src" test -e /run/in-pass; do
		if [[ $(now_us) -gt $end ]]; then
			flaw "no second pass"
			return
		fi
		moment 0.02
	done
}

no_more_passes() {
	unhang "$src" runc
	on "$src" rm -f /run/in-pass
}

# CRIU goes on with it: recovery waits for that.
case_pass_kill() { # CONTROLLER
	begin "kill in a pass" "$1" || return 0
	move_is_in_pass
	send_signal KILL
	move_ends
	expect_code move "$move_code" 137
	recover ''
	expect_code recover "$recover_code" 0
	no_more_passes
	finish "$src"
}

case_pass_fails() { # CONTROLLER
	begin "a pass fails" "$1" || return 0
	hang "$src" runc '[[ "$*" == *--pre-dump*/pass-2* ]] && exit 1'
	move ''
	expect_code move "$move_code" 4
	no_more_passes
	finish "$src"
}

case_pass_crash_destination() { # CONTROLLER
	begin "crash destination in a pass" "$1" || return 0
	move_is_in_pass
	crash "$dst"
	move_ends
	expect_code move "$move_code" 4 6
	check_truth
	boot "$dst"
	recover_after_crash
	expect_code recover "$recover_code" 0
	no_more_passes
	finish "$src"
}

# What went ahead is not all of it.
case_pass_crash_source() { # CONTROLLER
	local copies_wanted=0
	begin "crash source in a pass" "$1" || return 0
	move_is_in_pass
	crash "$src"
	move_ends
	expect_code move "$move_code" 6
	boot "$src"
	# A program that was written just before the crash may be an empty file now.
	no_more_passes
	recover_after_crash
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

cases_precopy() {
	local strategy=pre-copy
	case_pass_kill third
	case_pass_crash_destination source
	case_pass_crash_source third
	case_source_restored dump:after destination
	if [[ ${FAULTS:-} == all ]]; then
		case_pass_fails source
		case_source_restored restore:after third
		case_crash_both pre-copy:after third
		case_crash_both restore:after source
		all_kills prepare pre-copy park hold address settle freeze dump restore release answer commit open-gate clean
	fi
}

cases_hybrid() {
	local strategy=hybrid drain_rate=1mbit
	case_kill restore:after destination
	case_postcopy_source_lost third
	if [[ ${FAULTS:-} == all ]]; then
		case_pass_kill source
		case_crash_both answer:after third
		case_postcopy_program source 'criu swrk' third
		case_postcopy_program destination 'criu lazy-pages' source
		all_kills prepare pre-copy park hold address settle freeze dump serve restore release answer drain commit end-source clean
	fi
}
