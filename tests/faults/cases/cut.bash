# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The network between the controller and a host is cut, for a while or for good.

# For SECONDS, from a point on. Whatever comes of it, the exit code says it, and recover settles it.
case_cut() { # POINT CONTROLLER source|destination SECONDS CODE...
	local host
	begin "cut $3 ${4} s $1" "$2" || return 0
	host=$dst
	[[ $3 == destination ]] || host=$src
	# What was acknowledged before the way back was decided upon is the price of a cut there.
	may_lose=$dst
	move_stops "$1"
	"$lab" cut "$host"
	move_goes_on
	sleep "$4"
	"$lab" mend "$host"
	move_wait
	expect_code move "$move_code" "${@:5}"
	check_truth
	recover_when_free
	expect_code recover "$recover_code" 0
	finish
}

# The cut outlasts the move; recover knows no more than it did until it is mended.
case_cut_for_good() { # POINT CONTROLLER source|destination CODE...
	local host on_host
	begin "cut $3 for good $1" "$2" || return 0
	host=$dst
	[[ $3 == destination ]] || host=$src
	# The third host sees the shared directory through the one that is left.
	on_host=$(other_than "$host")
	may_lose=$dst
	move_stops "$1"
	"$lab" cut "$host"
	move_ends
	expect_code move "$move_code" "${@:4}"
	check_truth
	if [[ $move_code -eq 6 ]]; then
		recover ''
		# 7: what holds the lock for a third host is behind the cut too.
		expect_code recover "$recover_code" 6 7
	fi
	"$lab" mend "$host"
	recover_when_free
	expect_code recover "$recover_code" 0
	finish
}

# The third host has both at the other end of a wire; for the source and the destination it is the other.
cases_cut() {
	local step host i=0
	local -a controllers=(source destination)
	for step in "${steps[@]}"; do
		for host in source destination; do
			case_cut "$step:before" third "$host" 5 0 4 6
		done
		case_cut "$step:before" "${controllers[i]}" "${controllers[1 - i]}" 5 0 4 6
		i=$((1 - i))
	done
}

# Mostly waiting: two lanes.
cases_gone_early() {
	gone_at "${steps[@]::${#steps[@]}/2}"
}

cases_gone_late() {
	gone_at "${steps[@]:${#steps[@]}/2}"
}

gone_at() { # STEP...
	local step host i=0
	local -a controllers=(source destination)
	for step in "$@"; do
		for host in source destination; do
			case_cut_for_good "$step:before" third "$host" 0 4 6
		done
		case_cut_for_good "$step:before" "${controllers[i]}" "${controllers[1 - i]}" 0 4 6
		i=$((1 - i))
	done
}
