# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# A command on a host never returns.

case_hang() { # source|destination PROGRAM WHEN CONTROLLER CODE...
	local host
	begin "$2 hangs on $1: ${3//[^a-z. -]/}" "$4" || return 0
	host=$dst
	[[ $1 == destination ]] || host=$src
	hang "$host" "$2" "$3"
	move ''
	unhang "$host" "$2"
	expect_code move "$move_code" "${@:5}"
	check_truth
	if [[ $move_code -eq 6 || $move_code -eq 4 ]]; then
		# What hangs is ended, as an operator would.
		on "$host" bash -c 'for pid in $(grep -l -a -z "^CRIU_CONFIG_FILE=" /proc/[0-9]*/environ | cut -d/ -f3); do
			[[ $(<"/proc/$pid/comm") != sleep ]] || kill -9 "$pid"; done' 2>/dev/null
		recover ''
		expect_code recover "$recover_code" 0
	fi
	case $move_code in
	0) finish "$dst" ;;
	6) finish ;;
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

# Every program that a move starts on a host, where it matters one use of it at a time: HOST, PROGRAM, a
# word of its arguments ("" for any), and how the move may end.
hangs='
	source       runc     state        1,3,6
	source       runc     checkpoint   4,6
	source       criu     swrk         4,6
	source       mkfifo   -            4
	source       cat      state.json   0
	source       find     -xdev        4
	source       tar      -cf          4
	source       nft      -f           0,4
	source       nft      element      4
	source       nft      delete       4,6
	source       ss       -ltn         0,4
	source       dd       of=/run      4,6
	source       ip       -batch       0,4
	source       rm       -rf          4,6
	destination  runc     restore      4
	destination  criu     swrk         4
	destination  mkfifo   -            0,4
	destination  unshare  --mount      4
	destination  tar      -xf          4
	destination  ss       -K           4
	destination  ip       link         0,3,4
	destination  ip       replace      4
	destination  tc       add          0,4
	destination  tc       change       4,6
	destination  nft      table        0,4
	destination  ping     -q           0,4
	destination  dd       of=/run      0,4
	destination  arping   -            0
	destination  rm       -rf          0,6
'

cases_hang() {
	local host program word codes i=0
	local -a controllers=(third source destination)
	case_hang_killed source
	while read -r host program word codes; do
		[[ -n $host ]] || continue
		[[ $word != - ]] || word=
		# shellcheck disable=SC2086 # a list
		case_hang "$host" "$program" "[[ \$* == *'$word'* ]]" "${controllers[i++ % 3]}" ${codes//,/ } </dev/null
	done <<<"$hangs"
}
