#!/bin/sh
# SPDX-License-Identifier: MIT
# socket RUN: waits until pages.sh, which fetches memory, has its socket: a restore connects to it.
run=$1
until [ -S "$run/lazy-pages.socket" ]; do
	sleep 0.002
done
