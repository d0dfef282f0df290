# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
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

# The controller is killed while a restore hangs: whether a copy comes of it is found out first.
case_hang_killed() { # CONTROLLER
	begin 'killed while the restore hangs' "$1" || return 0
	# shellcheck disable=SC2016 # for the wrapper's shell
	hang "$dst" runc '[[ $* == *restore* ]]'
	on "$(controller_host)" timeout -s KILL 6 cmigrate --verbose move counter "$dst" --from "$src" >"$work/move.out" 2>&1
	move_code=$?
	expect_code move "$move_code" 137
	unhang "$dst" runc
	recover ''
	expect_code recover "$recover_code" 0
	finish "$src"
}

cases_hang() {
	case_hang_killed source
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
