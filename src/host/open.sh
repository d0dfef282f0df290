#!/bin/sh
# SPDX-License-Identifier: MIT
# open BUNDLE ID: leaves a proof in the shared bundle that another host can look for, and prints
# config.json (a bounded part of it; the reader refuses what is too long).
bundle=$1 id=$2
umask 077
if [ -d "$bundle" ]; then
	mkdir -p "$bundle/.cmigrate" && printf '%s\n' "$id" >"$bundle/.cmigrate/proof-$id"
fi
exec head -c 1048577 "$bundle/config.json"
