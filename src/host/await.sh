#!/bin/sh
# SPDX-License-Identifier: MIT
# await MARK: waits until no process has MARK in its environment. Its deadline is the caller's.
mark=$1
while grep -l -a -z -x -F -e "$mark" /proc/[0-9]*/environ >/dev/null 2>&1; do
	sleep 0.01
done
