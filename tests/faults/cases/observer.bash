# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# The observer can see two copies: they are started on purpose.

fault_observer() {
	local lines proc=0 beats=0 line
	on "$dst" sh -c 'exec runc run --detach --bundle /runc/containers/counter counter </dev/null >/dev/null 2>&1'
	two_copies_seen $((10 * slow))
	on "$dst" runc delete --force counter
	observer_looked
	mapfile -t -s "$doubles" lines <"$work/doubles"
	for line in "${lines[@]}"; do
		[[ $line != *' run' ]] || proc=$((proc + 1))
		[[ $line != *alternate* ]] || beats=$((beats + 1))
	done
	[[ $proc -gt 0 ]] || flaw 'not by their processes'
	[[ $beats -gt 0 ]] || flaw 'not by their heartbeats'
	doubles=$((doubles + ${#lines[@]}))
	remark="seen at $proc instants, and in $beats heartbeats"
	finish "$src"
}
