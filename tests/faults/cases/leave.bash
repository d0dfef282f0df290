# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The container ends by itself while it is moved.

# Its first process, from the host that has it. Until that is gone its sockets may still answer.
end_container() { # HOST
	on "$1" sh -c '
		pid=$(runc state counter | sed -n "s/.*\"pid\": *\([0-9]*\).*/\1/p")
		kill -9 "$pid"
		while grep -q -s "^State:[[:space:]]*[^ZX[:space:]]" "/proc/$pid/status"; do :; done'
}

# Of the source: it is gone from everywhere, which the exit code must say; then it is started again.
# Of the destination: the source's goes on.
fault_leave() {
	move_stops "$point"
	end_container "$hit"
	if [[ $side == destination ]]; then
		may_lose=$dst
		move_ends
		expect_code move "$move_code" 4
		finish "$src"
	else
		move_ends
		expect_code move "$move_code" 1
		clear_ended
		copies_wanted=0
		finish
		start_again "$src"
	fi
}

# A copy that has ended by itself is left to runc, as it was: stopped, with its address.
clear_ended() {
	local host
	for host in rhel01 rhel02; do
		on "$host" sh -c '
			case $(runc state counter 2>/dev/null) in *stopped*) runc delete counter ;; esac
			ip addr del "$1/24" dev eth0' - "$address" 2>/dev/null
	done
}
