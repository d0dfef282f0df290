# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The network between the controller and a host is cut, for a while or for good.

fault_cut() {
	# What was acknowledged before the way back was decided upon is the price of a cut there.
	may_lose=$dst
	move_stops "$point"
	"$lab" cut "$hit"
	if [[ $form == a-while ]]; then
		cut_a_while
	else
		cut_for_good
	fi
	expect_code move "$move_code" 0 4 6
	check_truth
	recovers_when_free 0
	finish
}

# Whatever comes of it, the exit code says it, and recover settles it.
cut_a_while() {
	move_goes_on
	moment "$((5 * slow))"
	"$lab" mend "$hit"
	move_wait
}

# The cut outlasts the move; recover knows no more than it did until it is mended.
cut_for_good() {
	# The third host sees the shared directory through the one that is left.
	other_than "$hit"
	on_host=$other
	move_ends
	if [[ $move_code -eq 6 ]]; then
		# 7: what holds the lock for a third host is on the other side of the cut too.
		recovers '6 7'
	fi
	"$lab" mend "$hit"
}
