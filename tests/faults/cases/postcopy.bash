# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# Post-copy: killed at each step, and what becomes of it when a host or a program is lost in the drain.

postcopy_steps=(prepare hold address settle freeze dump serve restore release answer drain commit end-source clean)

wait_for_copy() { # HOST
	local end=$(($(now_us) + slow * 20000000))
	until [[ $(on "$1" runc state counter 2>/dev/null) == *'"status": "running"'* ]]; do
		[[ $(now_us) -lt $end ]] || return 1
		moment 0.02
	done
}

# The copy runs on the destination, and its memory takes some seconds on the wire.
move_drains() {
	move_stops restore:before
	on "$src" tc qdisc add dev eth0 root tbf rate "${drain_rate:-10mbit}" burst 32kb limit 1mb
	move_goes_on
	wait_for_copy "$dst" || flaw "no copy runs on $dst"
}

# PROGRAM (a pattern of its command line) on a host is killed while pages are still to come.
case_postcopy_program() { # source|destination PATTERN CONTROLLER
	local host
	begin "$1 loses ${2%% *} in the drain" "$3" || return 0
	host=$dst
	[[ $1 == destination ]] || host=$src
	may_lose=$dst
	move_drains
	# shellcheck disable=SC2016 # for the host's shell
	on "$host" bash -c 'kill -9 $(pgrep -f "$1" | grep -v -x "$$")' - "$2"
	on "$src" tc qdisc del dev eth0 root
	move_wait
	# 0: what was still to come had left the program already, and was in the kernel's buffers.
	expect_code move "$move_code" 0 4 6
	check_truth
	if [[ $move_code -eq 6 ]]; then
		recover ''
		expect_code recover "$recover_code" 0
	fi
	case $move_code in
	0) finish "$dst" ;;
	*) finish "$src" ;;
	esac
}

# The copy that is left lacks memory: it must not run on.
case_postcopy_source_lost() { # CONTROLLER
	local copies_wanted=0
	begin "crash source in the drain" "$1" || return 0
	may_lose=$dst
	move_drains
	crash "$src"
	boot "$src"
	move_wait
	expect_code move "$move_code" 6
	recover_after_crash
	expect_code recover "$recover_code" 1
	finish
	start_again "$src"
}

cases_postcopy() {
	local strategy=post-copy step i=0
	local -a controllers=(source third)
	all_kills "${postcopy_steps[@]}"
	for step in dump:after serve:after restore:after answer:after drain:before commit:before; do
		case_crash_both "$step" "${controllers[i]}"
		i=$((1 - i))
	done
	case_postcopy_program source 'criu swrk' third
	case_postcopy_program destination 'criu lazy-pages' source
	case_postcopy_source_lost third
}
