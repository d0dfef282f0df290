#!/bin/sh
# SPDX-License-Identifier: MIT
# open BUNDLE ID: leaves a proof in the shared bundle that another host can look for, and prints
# config.json (a bounded part of it; the reader refuses what is too long).
bundle=$1 id=$2
state=$bundle/.cmigrate
umask 077
# Where it can't be written, the checks say so. Who has just ended may remove the empty directory meanwhile.
leave_proof() {
	for _ in 1 2 3 4 5 6 7 8; do
		mkdir -p "$state" && [ ! -L "$state" ] || return
		# noclobber: neither is there a file yet, nor a link that leads elsewhere.
		(set -C && echo "$id" >"$state/proof-$id") && return
		[ ! -d "$state" ] || return
	done
}
if [ -f "$bundle/config.json" ]; then
	leave_proof 2>/dev/null
	# Those of commands that came to a sudden end.
	find "$state" -name 'proof-*' ! -name "proof-$id" -mmin +60 -exec rm -f {} + 2>/dev/null
fi
exec head -c 1048577 "$bundle/config.json"
