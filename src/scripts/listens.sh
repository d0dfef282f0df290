#!/bin/sh
# SPDX-License-Identifier: MIT
# listens RUN: waits until the page server (receive.sh) listens; fails where it has ended instead. Its deadline
# is the caller's.
[ "$(head -c 1 "$1/listens" | wc -c)" -eq 1 ]
