# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the case's variables
# A command on a host never returns.

case_hang() { # source|destination PROGRAM WHEN CONTROLLER CODE...
	local host
	begin "$2 hangs on $1: ${3//[^a-z -]/}" "$4" || return 0
	host=$dst
	[[ $1 == destination ]] || host=$src
	hang "$host" "$2" "$3"
	move ''
	unhang "$host" "$2"
	expect_code move "$move_code" "${@:5}"
	check_truth
	if [[ $move_code -eq 6 ]]; then
		# What hangs is ended, as an operator would.
		on "$host" bash -c 'for pid in $(grep -l -a -z "^CRIU_CONFIG_FILE=" /proc/[0-9]*/environ | cut -d/ -f3); do
			[[ $(<"/proc/$pid/comm") != sleep ]] || kill -9 "$pid"; done' 2>/dev/null
		recover ''
		expect_code recover "$recover_code" 0
	fi
	case $move_code in
	0) finish "$dst" ;;
	*) finish "$src" ;;
	esac
}

cases_hang() {
	# shellcheck disable=SC2016 # for the wrapper's shell
	case_hang destination ip '[[ $* == *"addr replace"* ]]' source 4
	# shellcheck disable=SC2016
	case_hang destination tc '[[ $* == *"qdisc add"* ]]' third 0 4
	# shellcheck disable=SC2016
	case_hang source nft '[[ $* != *delete* ]]' destination 0 4
	# shellcheck disable=SC2016
	case_hang source runc '[[ $* == *pause* ]]' third 4
	# shellcheck disable=SC2016
	case_hang destination runc '[[ $* == *restore* ]]' source 4
	# shellcheck disable=SC2016
	case_hang source runc '[[ $* == *checkpoint* ]]' third 4 6
}
