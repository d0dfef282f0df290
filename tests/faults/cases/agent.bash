# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The agent of a host is killed, or stopped for longer than a controller waits for a sign of life.

# More than SILENT_MS of src/host/link.c, in seconds.
silent=14

# Sends a signal to each agent on a host.
signal_agents() { # HOST SIGNAL
	# shellcheck disable=SC2016 # for the host's shell
	on "$1" bash -c 'found=no
		for file in /proc/[0-9]*/comm; do
			read -r comm <"$file" && [[ $comm == cmigrate-agent ]] || continue
			pid=${file#/proc/}
			kill -s "$1" "${pid%/comm}" && found=yes
		done 2>/dev/null
		[[ $found == yes ]]' - "$2"
}

# A cut for the controller: the exit code says what came of it, and recover settles it. An agent that goes on finds
# requests that came meanwhile and the end of its connection.
fault_agent() {
	may_lose=$dst
	move_stops "$point"
	case $form in
	killed)
		signal_agents "$hit" KILL || flaw "no agent on $hit"
		move_ends
		;;
	stopped)
		signal_agents "$hit" STOP || flaw "no agent on $hit"
		move_goes_on
		moment "$silent"
		signal_agents "$hit" CONT
		move_wait
		;;
	stays-stopped)
		signal_agents "$hit" STOP || flaw "no agent on $hit"
		move_ends
		# 7: it has the lock still.
		[[ $move_code -ne 6 ]] || recovers '0 6 7'
		# Another cmigrate may have ended it.
		signal_agents "$hit" CONT || true
		;;
	esac
	expect_code move "$move_code" 0 4 6
	check_truth
	recovers_when_free 0
	finish
}
