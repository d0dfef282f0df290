# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The container ends by itself while it is moved, or all of a copy is killed.

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
		expect_code move "$move_code" 9
		clear_ended
		copies_wanted=0
		finish
		start_again "$src"
	fi
}

# As the kernel does where their memory limit is reached.
fault_killed() {
	move_stops "$point"
	may_lose=$dst
	# shellcheck disable=SC2016 # for the host's shell
	on "$dst" bash -c '
		pids=$(cat /sys/fs/cgroup/{,pids/}counter/cgroup.procs 2>/dev/null)
		[[ -n $pids ]] && kill -9 $pids
		while [[ -n $(cat /sys/fs/cgroup/{,pids/}counter/cgroup.procs 2>/dev/null) ]]; do :; done' || flaw "no copy to kill on $dst"
	move_ends
	expect_code move "$move_code" 4
	finish "$src"
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
