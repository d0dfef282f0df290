# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# SIGINT, SIGTERM and SIGHUP at each step: undone before the packets are released, finished behind it.

case_signal() { # POINT CONTROLLER SIGNAL...
	local point=$1
	begin "signal $3${4:+ twice} at $1" "$2" || return 0
	shift 2
	move_stops "$point"
	send_signal "$@"
	move_ends
	case $point in
	release:* | answer:* | commit:* | open-gate:* | clean:*)
		expect_code move "$move_code" 0
		finish "$dst"
		;;
	*)
		expect_code move "$move_code" 4
		finish "$src"
		;;
	esac
}

cases_signal() {
	local step i=0
	local -a signals=(INT TERM HUP) controllers=(source destination third)
	for step in prepare hold address settle freeze dump restore release answer commit; do
		case_signal "$step:before" "${controllers[i % 3]}" "${signals[i % 3]}"
		i=$((i + 1))
	done
	for step in freeze dump restore release answer open-gate; do
		case_signal "$step:after" "${controllers[i % 3]}" "${signals[i / 3 % 3]}"
		i=$((i + 1))
	done
	case_signal dump:after source INT INT
	case_signal hold:after third TERM TERM
	case_signal clean:before destination INT INT
	[[ ${FAULTS:-} != all ]] || all_signals
}

all_signals() {
	local step when signal controller
	for controller in source destination third; do
		for step in "${steps[@]}"; do
			for when in before after; do
				[[ $step:$when != clean:after ]] || continue
				for signal in INT TERM HUP; do
					case_signal "$step:$when" "$controller" "$signal"
				done
			done
		done
	done
}
