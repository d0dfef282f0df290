# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The source goes down, and with it the copy that is frozen or runs there.

case_source_lost() { # POINT CONTROLLER: there are no complete images yet
	local copies_wanted=0
	begin "crash source $1" "$2" || return 0
	move_crashes "$1" "$src"
	boot "$src"
	recover ''
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

# The controller lives on, and promises nothing of a container on a host that is silent.
case_source_crashes() { # POINT CONTROLLER
	local copies_wanted=0
	begin "source crashes $1" "$2" || return 0
	move_stops "$1"
	crash "$src"
	move_ends
	expect_code move "$move_code" 6
	boot "$src"
	recover ''
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

case_source_restored() { # POINT CONTROLLER [FAULT-OF-A-FIRST-RECOVERY...]
	local point
	begin "crash source $1${3:+, recovery ${*:3}}" "$2" || return 0
	move_crashes "$1" "$src"
	boot "$src"
	for point in "${@:3}"; do
		recover "$point"
		expect_code recover "$recover_code" 137
	done
	recover_after_crash
	expect_code recover "$recover_code" 0
	finish "$dst"
}

case_source_fenced() { # POINT CONTROLLER
	local on_host
	begin "source stays off $1" "$2" || return 0
	on_host=$dst
	move_crashes "$1" "$src"
	recover ''
	case $1 in
	# The destination's copy runs: that there is another on the source is out of the question.
	restore:after | release:*) expect_code recover "$recover_code" 6 0 ;;
	*) expect_code recover "$recover_code" 6 ;;
	esac
	[[ $recover_code -eq 0 ]] || recover '' --fenced "$src"
	expect_code recover "$recover_code" 0
	boot "$src"
	finish "$dst"
}

# The images are restored on the host that is there.
case_both_lost() { # POINT CONTROLLER
	begin "crash both $1" "$2" || return 0
	move_crashes "$1" "$src" "$dst"
	boot "$src"
	local on_host=$src
	recover ''
	expect_code recover "$recover_code" 6
	recover '' --fenced "$dst"
	expect_code recover "$recover_code" 0
	boot "$dst"
	finish "$src"
}

cases_loss() {
	local step when i=0
	local -a controllers=(destination third)
	for step in hold:after settle:after freeze:before freeze:after dump:before; do
		case_source_lost "$step" "${controllers[i]}"
		i=$((1 - i))
	done
	for step in prepare:after hold:after settle:after freeze:before dump:before; do
		case_source_crashes "$step" "${controllers[i]}"
		i=$((1 - i))
	done
	case_source_restored dump:after "${controllers[i]}"
	for step in restore release answer commit; do
		for when in before after; do
			case_source_restored "$step:$when" "${controllers[i]}"
			i=$((1 - i))
		done
	done
	case_source_restored open-gate:before "${controllers[i]}"
	for step in prepare:before prepare:after hold:after address:after restore:before restore:after \
		release:after commit:after clean:before; do
		case_source_restored dump:after third "$step"
	done
	case_source_fenced dump:after destination
	case_source_fenced restore:after third
	case_both_lost dump:after third
}
