# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The destination goes down at each step, and comes back.

# With the controller: killed at the same point.
case_crash_both() { # POINT CONTROLLER
	begin "crash destination $1" "$2" || return 0
	may_lose=$dst
	move_crashes "$1" "$dst"
	boot "$dst"
	recover_after_crash
	expect_code recover "$recover_code" 0
	finish "$src"
}

# The controller lives on, and finds out for itself.
case_crash() { # POINT CONTROLLER CODE...
	begin "destination crashes $1" "$2" || return 0
	may_lose=$dst
	move_stops "$1"
	crash "$dst"
	move_ends
	expect_code move "$move_code" "${@:3}"
	check_truth
	boot "$dst"
	recover ''
	expect_code recover "$recover_code" 0
	finish "$src"
}

# It stays off: nothing is started before somebody says so.
case_fenced() { # POINT CONTROLLER
	local on_host
	begin "destination stays off $1" "$2" || return 0
	on_host=$src
	may_lose=$dst
	move_crashes "$1" "$dst"
	recover ''
	expect_code recover "$recover_code" 6
	recover '' --fenced "$dst"
	expect_code recover "$recover_code" 0
	boot "$dst"
	finish "$src"
}

# Behind the commit point it took the only copy with it, as a crash does that comes later.
case_crash_committed() { # POINT CONTROLLER
	local copies_wanted=0
	begin "crash destination $1" "$2" || return 0
	move_crashes "$1" "$dst"
	boot "$dst"
	recover ''
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

cases_crash() {
	local step when i=0
	local -a controllers=(source third)
	for step in prepare hold address settle freeze dump restore release answer; do
		for when in before after; do
			case_crash_both "$step:$when" "${controllers[i]}"
			i=$((1 - i))
		done
	done
	case_crash_both commit:before source
	case_crash_committed commit:after source
	case_crash_committed open-gate:before third
	case_crash_committed open-gate:after third
	case_crash_committed clean:before source
	for step in prepare hold address settle freeze dump; do
		case_crash "$step:before" "${controllers[i]}" 4 6
		i=$((1 - i))
	done
	case_crash dump:after third 4 6
	case_crash restore:before source 6
	case_crash restore:after source 6
	case_fenced restore:before source
	case_fenced release:after third
	[[ ${FAULTS:-} != all ]] || all_crashes
}

all_crashes() {
	local step when
	for step in prepare hold address settle freeze dump restore release answer; do
		for when in before after; do
			case_crash_both "$step:$when" third
			case_fenced "$step:$when" source
		done
	done
}
