#!/bin/sh
# SPDX-License-Identifier: MIT
# await MARK: waits until no process has MARK in its environment. Its deadline is the caller's.
mark=$1
. part/marked.sh
while [ -n "$(marked "$mark")" ]; do
	sleep 0.01
done
