# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The recovery is killed too, at each of its steps and undos, and then run again.

# The move is killed at one point, recoveries at others, and a last one is let end.
case_recover() { # CONTROLLER POINT RECOVERY-POINT...
	local controller_of_case=$1 at=$2 point
	shift 2
	begin "kill $at, recovery $*" "$controller_of_case" || return 0
	move "$at"
	expect_code move "$move_code" 137
	for point in "$@"; do
		recover "$point"
		expect_code recover "$recover_code" 137
	done
	recover ''
	expect_code recover "$recover_code" 0
	finish "$(side_of "$at")"
}

# The first recovery that is killed changes nothing of where it must end: its undo goes on.
cases_recover() {
	local step when
	for step in restore dump freeze settle address hold prepare; do
		case_recover source dump:after "$step:undo"
	done
	for step in release answer commit open-gate clean; do
		for when in before after; do
			case_recover destination restore:after "$step:$when"
		done
	done
	for step in freeze settle prepare; do
		case_recover third restore:before "$step:undo"
	done
	for step in release:after commit:after clean:before; do
		case_recover third release:before "$step"
	done
	case_recover source open-gate:before open-gate:before clean:after
	case_recover destination dump:after dump:undo freeze:undo
	case_recover third settle:after freeze:undo address:undo
	case_recover third restore:after answer:before open-gate:after
	case_recover source hold:after freeze:undo hold:undo
	[[ ${FAULTS:-} != all ]] || all_recoveries
}

all_recoveries() {
	local controller step when at
	for controller in source destination third; do
		for step in restore dump freeze settle address hold prepare; do
			for at in prepare:after hold:after freeze:after restore:before; do
				case_recover "$controller" "$at" "$step:undo"
			done
		done
		for step in release answer commit open-gate clean; do
			for when in before after; do
				case_recover "$controller" release:after "$step:$when"
				# A second one is behind that already.
				[[ $step:$when == commit:after ]] ||
					case_recover "$controller" restore:after "$step:$when" "$step:$when"
			done
		done
	done
}
