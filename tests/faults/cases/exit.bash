# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The container ends by itself while it is moved.

# Its first process, from the host that has it. Until that is gone its sockets may still answer.
end_container() { # HOST
	on "$1" sh -c '
		pid=$(runc state counter | sed -n "s/.*\"pid\": *\([0-9]*\).*/\1/p")
		kill -9 "$pid"
		while grep -q -s "^State:[[:space:]]*[^ZX[:space:]]" "/proc/$pid/status"; do :; done'
}

# It is gone from everywhere, which the exit code must say; then it is started again.
case_exit() { # POINT CONTROLLER CODE...
	local copies_wanted=0
	begin "exits at $1" "$2" || return 0
	move_stops "$1"
	end_container "$src"
	move_ends
	expect_code move "$move_code" "${@:3}"
	finish_exited
}

finish_exited() {
	local host
	# A copy that has ended by itself is left to runc, as it was: stopped, with its address.
	for host in rhel01 rhel02; do
		on "$host" sh -c '
			case $(runc state counter 2>/dev/null) in *stopped*) runc delete counter; ip addr del "$1/24" dev eth0 ;; esac
			ip addr del "$1/24" dev eth0' - "$address" 2>/dev/null
	done
	if [[ $move_code -eq 6 ]]; then
		recover ''
		expect_code recover "$recover_code" 1 0
	fi
	finish
	start_again "$src"
}

cases_exit() {
	case_exit hold:before source 1
	case_exit settle:after destination 1
	case_exit freeze:before third 1
	begin 'exits at release:before' source && {
		may_lose=$dst
		move_stops release:before
		end_container "$dst"
		move_ends
		expect_code move "$move_code" 4
		finish "$src"
	}
	return 0
}
