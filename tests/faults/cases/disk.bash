# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The shared directory is full, or /run of a host. Each is in a file system that can be made as small as what is in it.

# Blocks of 4 KB; the heartbeats go on taking some, and one between the two commands makes it fail.
leave_free() { # KB
	local used _
	for _ in {1..50}; do
		used=$(df --output=used -k "$LAB_BASE" | tail -n 1)
		mount -o "remount,size=$((used + $1))k" "$LAB_BASE" 2>/dev/null && return
	done
	flaw 'could not make it smaller'
}

# What is mounted on /run of a host is as small as what is in it, but for the rest of a page.
fill_run() { # HOST
	# shellcheck disable=SC2016 # for the host's shell
	on "$1" sh -c 'mount -o "remount,size=$(($(df --output=used -k /run | tail -n 1) + 64))k" /run &&
		! cat /dev/zero >/run/filler 2>/dev/null'
}

empty_run() { # HOST
	on "$1" sh -c 'rm -f /run/filler; mount -o remount,size=50% /run'
}

# A move that needs room there is undone.
run_is_full() {
	may_lose=$dst
	move_stops "$point"
	fill_run "$hit" || flaw "could not fill /run of $hit"
	move_ends
	empty_run "$hit"
	expect_code move "$move_code" 0 3 4 6
	check_truth
	settle_by_code
}

fault_disk() {
	case $form in
	run-full)
		run_is_full
		return
		;;
	full-from-the-start) leave_free 0 ;;
	no-room-for-the-images) leave_free 400 ;;
	fills-up) move_stops "$point" && leave_free 200 ;;
	full) move_stops "$point" && leave_free 0 ;;
	esac
	if [[ $step == - ]]; then
		move ''
	else
		move_ends
	fi
	mount -o "remount,size=$lane_size" "$LAB_BASE"
	case $step in
	-) expect_code move "$move_code" 1 3 4 ;;
	# The images are complete: what is still to be written is the journal's.
	restore | release | answer | commit | open-gate | clean) expect_code move "$move_code" 0 4 6 ;;
	*) expect_code move "$move_code" 4 ;;
	esac
	settle_by_code "$src"
}
