#!/bin/sh
# SPDX-License-Identifier: MIT
# park RUN: lets a restore that has been started get as far as it can without images. criu opens its
# configuration file before all else, and that of this restore is a fifo: the open of runc's version
# check is served here, the next one waits for whoever writes it again.
run=$1
# shellcheck disable=SC2016 # the inner shell's: its open must be within the time limit
exec timeout 5 sh -c 'cat "$1/criu.conf" >"$1/parked.conf"' sh "$run"
