# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# The observer can see two copies: they are started on purpose.

cases_observer() {
	local seen proc beats
	begin 'observer sees two copies' '-' || return 0
	on "$dst" sh -c 'exec runc run --detach --bundle /runc/containers/counter counter </dev/null >/dev/null 2>&1'
	two_copies_seen 10
	on "$dst" runc delete --force counter
	observer_looked
	seen=$(($(count_lines "$work/doubles") - doubles))
	proc=$(tail -n +$((doubles + 1)) "$work/doubles" | grep -c ' run$')
	beats=$(tail -n +$((doubles + 1)) "$work/doubles" | grep -c alternate)
	[[ $proc -gt 0 ]] || flaw 'not by their processes'
	[[ $beats -gt 0 ]] || flaw 'not by their heartbeats'
	doubles=$((doubles + seen))
	remark="seen at $proc instants, and in $beats heartbeats"
	finish "$src"
}
