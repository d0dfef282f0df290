# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# An endpoint that never answers.

fault_silence() {
	local -a silent=(--endpoint "tcp://$address:1" --timeout 1)
	case $form in
	rolled-back)
		# What the destination acknowledged meanwhile goes with it: the operator asked for that.
		may_lose=$dst
		move '' "${silent[@]}" --if-silent rollback
		expect_code move "$move_code" 4
		finish "$src"
		;;
	kept)
		move '' "${silent[@]}" --if-silent keep
		expect_code move "$move_code" 5
		finish "$dst"
		;;
	kept-and-killed)
		move answer:before "${silent[@]}" --if-silent keep
		expect_code move "$move_code" 137
		recovers 0
		finish "$dst"
		;;
	esac
}
