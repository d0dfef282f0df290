# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# Memory that goes ahead of the container: a pass that breaks.

# A move that has begun its second pass.
move_is_in_pass() {
	hang "$src" runc '[[ "$*" == *--pre-dump*/pass-2* ]] && : >/run/in-pass && false'
	move_stops pre-copy:before
	send_signal CONT
	wait_for on "$src" test -e /run/in-pass || flaw "no second pass"
}

no_more_passes() {
	unhang "$src" runc
	on "$src" rm -f /run/in-pass
}

# CRIU goes on with it: recovery waits for that.
kill_in_pass() {
	move_is_in_pass
	send_signal KILL
	move_ends
	expect_code move "$move_code" 137
	recovers 0
	no_more_passes
	finish "$src"
}

# A pass fails.
fault_pass() {
	hang "$src" runc '[[ "$*" == *--pre-dump*/pass-2* ]] && exit 1'
	move ''
	expect_code move "$move_code" 4
	no_more_passes
	finish "$src"
}

crash_destination_in_pass() {
	move_is_in_pass
	crash "$dst"
	move_ends
	expect_code move "$move_code" 4 6
	check_truth
	boot "$dst"
	recovers_after_crash 0
	no_more_passes
	finish "$src"
}

# What went ahead is not all of it.
crash_source_in_pass() {
	move_is_in_pass
	crash "$src"
	move_ends
	expect_code move "$move_code" 6
	boot "$src"
	# A program that was written just before the crash may be an empty file now.
	no_more_passes
	ends_lost
}
