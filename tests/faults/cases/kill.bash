# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The controller is killed before and after each step of a move, and another one recovers.

steps=(prepare hold address settle freeze dump restore release answer commit open-gate clean)

# Where a move that ends at a point is recovered to: forward once the destination's copy runs.
side_of() { # STEP:WHEN
	case $1 in
	prepare:* | pre-copy:* | park:* | hold:* | address:* | settle:* | freeze:* | dump:* | serve:* | restore:before)
		echo "$src"
		;;
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

# Every point of every step, by each controller in turn.
all_kills() { # STEP...
	local step when i=0
	local -a controllers=(source destination third)
	for step in "$@"; do
		for when in before after; do
			case_kill "$step:$when" "${controllers[i++ % 3]}"
		done
	done
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

# Anywhere, in the middle of a step too: what it had started on the hosts goes on by itself.
case_kill_moment() { # MS CONTROLLER
	begin "kill after $1 ms" "$2" || return 0
	on "$(controller_host)" timeout -s KILL "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" \
		cmigrate --verbose move counter "$dst" --from "$src" >"$work/move.out" 2>&1
	move_code=$?
	expect_code move "$move_code" 137 0
	recover ''
	expect_code recover "$recover_code" 0
	finish
}

cases_moment() {
	local ms i=0 step=40
	local -a controllers=(source destination third)
	[[ ${FAULTS:-} != all ]] || step=5
	for ((ms = 300; ms < 1300; ms += step)); do
		case_kill_moment "$ms" "${controllers[i++ % 3]}"
	done
}
