# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the case's variables
# The controller is killed before and after each step of a move, and another one recovers.

steps=(prepare hold address settle freeze dump restore release answer commit open-gate clean)

# Where a move that ends at a point is recovered to: forward once the destination's copy runs.
side_of() { # STEP:WHEN
	case $1 in
	prepare:* | hold:* | address:* | settle:* | freeze:* | dump:* | restore:before) echo "$src" ;;
	*) echo "$dst" ;;
	esac
}

case_kill() { # POINT CONTROLLER
	begin "kill $1" "$2" || return 0
	move "$1"
	expect_code move "$move_code" 137
	recover ''
	expect_code recover "$recover_code" 0
	finish "$(side_of "$1")"
}

cases_kill() {
	local controller step when
	for controller in source destination third; do
		for step in "${steps[@]}"; do
			for when in before after; do
				case_kill "$step:$when" "$controller"
			done
		done
	done
}
