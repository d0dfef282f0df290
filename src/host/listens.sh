#!/bin/sh
# SPDX-License-Identifier: MIT
# listens RUN: waits until the page server (receive.sh) listens. Its deadline is the caller's.
exec head -c 1 "$1/listens" >/dev/null
