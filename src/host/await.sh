#!/bin/sh
# SPDX-License-Identifier: MIT
# await MARK: waits until no process has MARK in its environment. Its deadline is the caller's.
mark=$1
# -q: a process that ends meanwhile is an error of reading, and must not hide a match.
while grep -q -a -z -x -F -e "$mark" /proc/[0-9]*/environ 2>/dev/null; do
	sleep 0.01
done
