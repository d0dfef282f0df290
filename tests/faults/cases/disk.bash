# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The shared directory is full. It is in a file system that can be made as small as what is in it.

# Blocks of 4 KB; the heartbeats go on taking some, and one between the two commands makes it fail.
leave_free() { # KB
	local used _
	for _ in {1..50}; do
		used=$(df --output=used -k "$LAB_BASE" | tail -n 1)
		mount -o "remount,size=$((used + $1))k" "$LAB_BASE" 2>/dev/null && return
	done
	return 1
}

case_disk() { # NAME FREE-KB POINT CONTROLLER CODE...
	begin "disk: $1" "$4" || return 0
	if [[ -n $3 ]]; then
		move_stops "$3"
	fi
	leave_free "$2" || flaw 'could not make it smaller'
	if [[ -n $3 ]]; then
		move_ends
	else
		move ''
	fi
	mount -o "remount,size=$lane_size" "$LAB_BASE"
	expect_code move "$move_code" "${@:5}"
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

cases_disk() {
	local step i=0
	local -a controllers=(source destination third)
	case_disk 'full from the start' 0 '' source 1 3 4
	case_disk 'full from the start' 0 '' third 1 3 4
	case_disk 'no room for the images' 400 '' destination 1 3 4
	case_disk 'fills up in the dump' 200 dump:before third 4
	for step in prepare hold address settle freeze dump; do
		case_disk "full at $step" 0 "$step:before" "${controllers[i++ % 3]}" 4
	done
	# The images are complete: what is still to be written is the journal's.
	for step in restore release answer commit open-gate clean; do
		case_disk "full at $step" 0 "$step:before" "${controllers[i++ % 3]}" 0 4 6
	done
}
