# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# A command on a host never returns.

fault_hang() {
	if [[ $form == killed ]]; then
		killed_while_it_hangs
		return
	fi
	local codes word=${detail#* }
	codes=$(awk -v side="$side" -v detail="$detail" '$1 == side && $2 " " $3 == detail { print $4 }' "$faults_dir/hangs")
	[[ $word != - ]] || word=
	hang "$hit" "${detail% *}" "[[ \$* == *'$word'* ]]"
	move ''
	unhang "$hit" "${detail% *}"
	# shellcheck disable=SC2086 # a list
	expect_code move "$move_code" ${codes//,/ }
	case $move_code in
	4)
		end_what_hangs
		recovers 0
		;;
	6) end_what_hangs ;;
	esac
	settle_by_code
}

# As an operator would.
end_what_hangs() {
	on "$hit" bash -c 'for pid in $(grep -l -a -z "^CRIU_CONFIG_FILE=" /proc/[0-9]*/environ | cut -d/ -f3); do
		[[ $(<"/proc/$pid/comm") != sleep ]] || kill -9 "$pid"; done' 2>/dev/null
}

# The controller is killed while a restore hangs: whether a copy comes of it is found out first.
killed_while_it_hangs() {
	# shellcheck disable=SC2016 # for the wrapper's shell
	hang "$dst" runc '[[ $* == *restore* ]] && : >/run/hangs'
	move_stops restore:before
	send_signal CONT
	wait_for on "$dst" test -e /run/hangs || flaw 'no restore that hangs'
	send_signal KILL
	move_ends
	expect_code move "$move_code" 137
	unhang "$dst" runc
	on "$dst" rm -f /run/hangs
	recovers 0
	finish "$src"
}
