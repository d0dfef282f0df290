#!/bin/sh
# SPDX-License-Identifier: MIT
# listens RUN: waits until the page server (receive.sh) listens; fails if it has ended instead. The caller sets
# the deadline.
[ "$(head -c 1 "$1/listens" | wc -c)" -eq 1 ]
