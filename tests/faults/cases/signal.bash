# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# SIGINT, SIGTERM and SIGHUP at each step: undone before the packets are released, finished after it.

fault_signal() {
	move_stops "$point"
	if [[ $form == *-twice ]]; then
		send_signal "${form%-twice}" "${form%-twice}"
	else
		send_signal "$form"
	fi
	move_ends
	case $step in
	release | answer | commit | open-gate | clean)
		expect_code move "$move_code" 0
		finish "$dst"
		;;
	*)
		expect_code move "$move_code" 4
		finish "$src"
		;;
	esac
}
