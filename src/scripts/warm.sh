#!/bin/sh
# SPDX-License-Identifier: MIT
# warm RUN: lets CRIU put its processes into their cgroups without a wait. The kernel guards that by a lock whose
# first taker waits for an RCU grace period, 6 to 30 ms; a taker within the next 15 ms doesn't wait
# (kernel/rcu/sync.c; measured). So this shell takes it again and again, by moving itself to the cgroup
# that it is in, from the freeze until CRIU has begun to restore, for some seconds at most.
run=$1
procs=
while IFS=: read -r _ controllers path; do
	for dir in "/sys/fs/cgroup/${controllers#name=}" /sys/fs/cgroup/unified; do
		[ -n "$procs" ] || [ ! -w "$dir$path/cgroup.procs" ] || procs=$dir$path/cgroup.procs
	done
done </proc/self/cgroup
[ -n "$procs" ] || exit 0
tries=0
while [ -d "$run" ] && [ ! -e "$run/restore.log" ] && [ "$tries" -lt 400 ]; do
	echo 0 >"$procs" || exit 0
	sleep 0.01
	tries=$((tries + 1))
done 2>/dev/null
echo 0 2>/dev/null >"$procs"
exit 0
