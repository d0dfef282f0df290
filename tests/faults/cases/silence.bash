# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# An endpoint that never answers.

cases_silence() {
	begin 'silent, rolled back' source && {
		# What the destination acknowledged meanwhile goes with it: the operator asked for that.
		may_lose=$dst
		move '' --endpoint "tcp://$address:1" --timeout 1 --if-silent rollback
		expect_code move "$move_code" 4
		finish "$src"
	}
	begin 'silent, kept' third && {
		move '' --endpoint "tcp://$address:1" --timeout 1 --if-silent keep
		expect_code move "$move_code" 5
		finish "$dst"
	}
	begin 'silent, kept, killed and recovered' destination && {
		move answer:before --endpoint "tcp://$address:1" --timeout 1 --if-silent keep
		expect_code move "$move_code" 137
		recover ''
		expect_code recover "$recover_code" 0
		finish "$dst"
	}
	return 0
}
