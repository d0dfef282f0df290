# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The network between the controller and a host is cut, for a while or for good.

# For SECONDS, from a point on. Whatever comes of it, the exit code says it, and recover settles it.
case_cut() { # POINT CONTROLLER source|destination SECONDS CODE...
	local host
	begin "cut $3 ${4} s $1" "$2" || return 0
	host=$dst
	[[ $3 == destination ]] || host=$src
	# What was acknowledged before the way back was decided upon is the price of a cut there.
	may_lose=$dst
	move_stops "$1"
	"$lab" cut "$host"
	move_goes_on
	sleep "$4"
	"$lab" mend "$host"
	move_wait
	expect_code move "$move_code" "${@:5}"
	check_truth
	recover_when_free
	expect_code recover "$recover_code" 0
	finish
}

# The cut outlasts the move; recover knows no more than it did until it is mended.
case_cut_for_good() { # POINT CONTROLLER source|destination CODE...
	local host
	begin "cut $3 for good $1" "$2" || return 0
	host=$dst
	[[ $3 == destination ]] || host=$src
	may_lose=$dst
	move_stops "$1"
	"$lab" cut "$host"
	move_ends
	expect_code move "$move_code" "${@:4}"
	check_truth
	if [[ $move_code -eq 6 && -n ${FAULTS:-} ]]; then
		recover ''
		expect_code recover "$recover_code" 6
	fi
	"$lab" mend "$host"
	recover_when_free
	expect_code recover "$recover_code" 0
	finish
}

cases_cut() {
	case_cut hold:before source destination 5 0 4 6
	case_cut freeze:after third source 5 0 4 6
	case_cut restore:before third destination 5 0 4 6
	case_cut answer:before destination source 5 0 4 6
	case_cut_for_good address:before source destination 4
	case_cut_for_good restore:before source destination 6
	case_cut_for_good dump:before third source 6
	case_cut_for_good answer:before third destination 6
	case_cut_for_good open-gate:before destination source 6
	if [[ ${FAULTS:-} == all ]]; then
		local step
		for step in prepare hold address settle freeze dump restore release answer commit open-gate clean; do
			case_cut "$step:before" third source 5 0 4 6
			case_cut "$step:before" third destination 5 0 4 6
			case_cut_for_good "$step:before" third source 0 4 6
			case_cut_for_good "$step:before" third destination 0 4 6
		done
	fi
}
