# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# A host goes down at each step, and comes back.

fault_crash() {
	case $form:$side:$point in
	with-controller:destination:*) crash_destination ;;
	lives-on:destination:pre-copy:in) crash_destination_in_pass ;;
	lives-on:destination:*) destination_crashes ;;
	stays-off:destination:*) destination_stays_off ;;
	with-controller:both:*) lose_both ;;
	stays-off:both:*) both_stay_off ;;
	with-controller:source:*) crash_source ;;
	lives-on:source:drain:in) source_lost_in_drain ;;
	lives-on:source:pre-copy:in) crash_source_in_pass ;;
	lives-on:source:*) source_crashes ;;
	stays-off:source:*) source_stays_off ;;
	*) flaw "no such crash: $form $side $point" ;;
	esac
}

# Is the destination the only host with a copy?
is_committed() { # STEP:WHEN
	[[ $1 == @(commit:after|open-gate:*|end-source:*|clean:*) ]]
}

# With the controller: killed at the same point. After the commit it took the only copy with it, as a crash does
# that comes later.
crash_destination() {
	may_lose=$dst
	move_crashes "$point" "$dst"
	boot "$dst"
	if is_committed "$point"; then
		ends_lost
	else
		recovers_after_crash 0
		finish "$src"
	fi
}

# The controller lives on, and finds out for itself.
destination_crashes() {
	may_lose=$dst
	move_stops "$point"
	crash "$dst"
	move_ends
	case $point in
	restore:*) expect_code move "$move_code" 6 ;;
	*) expect_code move "$move_code" 4 6 ;;
	esac
	check_truth
	boot "$dst"
	recovers 0
	finish "$src"
}

# It stays off: nothing is started before somebody says so.
destination_stays_off() {
	on_host=$src may_lose=$dst
	move_crashes "$point" "$dst"
	recovers 6
	recovers 0 --fenced "$dst"
	boot "$dst"
	finish "$src"
}

# With the images, or without a need for them, the other host goes on; before they are complete there is nothing.
crash_source() {
	move_crashes "$point" "$src"
	boot "$src"
	case $point in
	prepare:* | hold:* | address:* | settle:* | freeze:* | dump:before) ends_lost ;;
	*)
		recovers_after_crash 0
		finish "$dst"
		;;
	esac
}

# The controller lives on, and promises nothing of a container on a host that is silent.
source_crashes() {
	move_stops "$point"
	crash "$src"
	move_ends
	expect_code move "$move_code" 6
	boot "$src"
	ends_lost
}

source_stays_off() {
	on_host=$dst
	move_crashes "$point" "$src"
	recover ''
	case $point in
	# The destination's copy runs: that there is another on the source is out of the question.
	restore:after | release:*) expect_code recover "$recover_code" 6 0 ;;
	*) expect_code recover "$recover_code" 6 ;;
	esac
	[[ $recover_code -eq 0 ]] || recovers 0 --fenced "$src"
	boot "$src"
	finish "$dst"
}

# The images are restored on the host that is there.
both_stay_off() {
	move_crashes "$point" "$src" "$dst"
	boot "$src"
	on_host=$src
	recovers 6
	recovers 0 --fenced "$dst"
	boot "$dst"
	finish "$src"
}

# The images of the shared directory lack the memory that went straight to the destination.
lose_both() {
	move_crashes "$point" "$src" "$dst"
	boot "$src"
	boot "$dst"
	ends_lost
}

# The copy that is left lacks memory: it must not run on.
source_lost_in_drain() {
	may_lose=$dst
	move_drains
	crash "$src"
	boot "$src"
	move_wait
	expect_code move "$move_code" 6
	ends_lost
}

# No copy is left; a new one takes the place.
ends_lost() {
	copies_wanted=0
	recovers_after_crash 9
	finish
	start_again "$src"
}
