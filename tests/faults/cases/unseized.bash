# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034,SC2016 # the row's variables; single quotes: for a host's shell
# A process of the source is not as CRIU wants it when it is dumped.

counter_pid() { # HOST
	on "$1" sh -c 'runc state counter | sed -n "s/.*\"pid\": *\([0-9]*\).*/\1/p"'
}

fault_unseized() {
	local pid
	move_stops "$point"
	pid=$(counter_pid "$src")
	case $form in
	stopped)
		on "$src" kill -STOP "$pid"
		move_ends
		expect_code move "$move_code" 0
		pid=$(counter_pid "$dst")
		on "$dst" grep -q '^State:.T' "/proc/$pid/status" || flaw "it is not stopped on $dst"
		on "$dst" kill -CONT "$pid"
		finish "$dst"
		;;
	traced)
		on "$src" python3 -c 'import ctypes, sys, time
ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0)
time.sleep(1e6)' "$pid" >/dev/null 2>&1 {stopped_in}>&- &
		wait_for on "$src" grep -q '^TracerPid:.[1-9]' "/proc/$pid/status" || flaw "it is not traced"
		move_ends
		expect_code move "$move_code" 4
		on "$src" sh -c 'kill -9 "$(sed -n "s/^TracerPid:.//p" "/proc/$1/status")"' - "$pid"
		wait $!
		finish "$src"
		;;
	in-state-D)
		# It forks one that waits for its vfork.
		on "$src" kill -USR1 "$pid"
		wait_for in_state_d "$src" "$pid" || flaw "nothing is in state D"
		move_ends
		expect_code move "$move_code" 4
		on "$src" sh -c 'for child in $(cat "/proc/$1/task/$1/children"); do kill -9 $(cat "/proc/$child/task/$child/children"); done' - "$pid"
		finish "$src"
		;;
	esac
}

in_state_d() { # HOST PID
	on "$1" sh -c 'for child in $(cat "/proc/$1/task/$1/children"); do grep -q "^State:.D" "/proc/$child/status" && exit; done; exit 1' - "$2"
}
