# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The controller is killed before and after each step of a move, and another one recovers.

# Sets side to where a move that ends at a point is recovered to: forward once the destination's copy runs.
side_of() { # STEP:WHEN
	case $1 in
	prepare:* | pre-copy:* | park:* | hold:* | address:* | settle:* | freeze:* | dump:* | serve:* | restore:before)
		side=$src
		;;
	*) side=$dst ;;
	esac
	[[ $strategy != rehearsal ]] || side=$src
}

fault_kill() {
	if [[ $point == pre-copy:in ]]; then
		kill_in_pass
		return
	fi
	move "$point"
	expect_code move "$move_code" 137
	recovers 0
	side_of "$point"
	finish "$side"
}

# Anywhere, in the middle of a step too: what it had started on the hosts goes on by itself. The moments are those
# of a machine that is not slow, for namespaces.
fault_moment() {
	local ms=$((detail * slow))
	on "$(controller_host)" timeout -s KILL "$((ms / 1000)).$(printf %03d $((ms % 1000)))" \
		cmigrate --verbose move counter "$dst" --from "$src" >"$work/move.out" 2>&1
	move_code=$?
	expect_code move "$move_code" 137 0
	recovers 0
	finish
}
