#!/bin/sh
# SPDX-License-Identifier: MIT
# seize RUN IMAGES FREEZER: looks after CRIU while it seizes the processes of a frozen container, from its word to go on.
# In a frozen cgroup of v1 it hangs at a process that is stopped: that ends with a thaw, and it holds the others by then.
# Succeeds once it has seized all, or has ended. If it can't within a second, and 2 ms more for each task (one that
# waits for its vfork, or is in the middle of an exec, or in state D, or traced by another), the cgroup is thawed, CRIU
# is killed before it has done anything to them, and this fails and prints which one it is.
run=$1 images=$2 freezer=$3
. part/marked.sh
. part/uptime.sh

# A child of its runc: it writes its title over its environment.
find_criu() {
	for parent in $(marked "CRIU_CONFIG_FILE=$run/criu.conf"); do
		# shellcheck disable=SC2013 # numbers
		for pid in $(cat "/proc/$parent/task"/*/children); do
			read -r comm <"/proc/$pid/comm" && [ "$comm" = criu ] && criu=$pid && return
		done
	done 2>/dev/null
}

# Whether it is past its seizing; the first image comes later, and is cheap to look for.
is_over() {
	[ -e "$run/at-reached" ] || [ ! -d "/proc/$criu" ] && return
	set -- "$images"/*.img
	[ -e "$1" ]
}

tasks() {
	dir=${freezer%/*}
	cat "$dir/tasks" "$dir"/*/tasks "$dir"/*/*/tasks "$dir/cgroup.threads" "$dir"/*/cgroup.threads 2>/dev/null
}

state_of() { # PID: sets state and tracer
	state='' tracer=''
	while read -r key value _; do
		case $key in
		State:) state=$value ;;
		TracerPid:) tracer=$value ;;
		esac
	done 2>/dev/null <"/proc/$1/status"
}

# Sets loose to a task that it does not hold, and why: one that another process traces, else one in state D, else any.
# Zombies are held by nobody.
find_loose() {
	loose='' why=''
	for task in $(tasks); do
		state_of "$task"
		case $state in
		'' | Z | X) continue ;;
		t) [ "$tracer" != "$criu" ] || continue ;;
		esac
		if [ "$tracer" != 0 ] && [ "$tracer" != "$criu" ]; then
			loose=$task why="traced by process $tracer"
			return
		fi
		case $state-$why in
		D-* | *-) loose=$task why="in state $state" ;;
		esac
	done
	[ -n "$loose" ]
}

thaw() {
	case $freezer in
	*/freezer.state) echo THAWED >"$freezer" ;;
	*/cgroup.freeze) echo 0 >"$freezer" ;;
	esac
}

# While CRIU is stopped it does nothing more: if it lacks a task then, it has not begun with any. The task that it lacks
# shows only after the thaw, because frozen ones are in state D too.
give_up() {
	find_loose || return 1
	thaw
	kill -STOP "$criu" 2>/dev/null || return 1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		state_of "$criu"
		[ "$state" != T ] || break
		sleep 0.01
	done
	if is_over || ! find_loose; then
		kill -CONT "$criu" 2>/dev/null
		return 1
	fi
	kill -9 "$criu"
	echo "$loose ($(cat "/proc/$loose/comm" 2>/dev/null)) is $why"
}

# The list of children may lack one while others end.
criu=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	find_criu
	if [ -n "$criu" ] || [ -e "$run/at-reached" ]; then
		break
	fi
	sleep 0.02
done
[ -n "$criu" ] || exit 0
n=$(tasks | wc -l)
late=$(($(uptime) + 100 + n / 5)) hangs=0
until is_over; do
	state_of "$criu"
	[ "$state" = D ] && hangs=$((hangs + 1)) || hangs=0
	[ "$hangs" -ne 3 ] || thaw
	if [ "$(uptime)" -ge "$late" ]; then
		give_up && exit 1
		find_loose || exit 0
	fi
	sleep 0.02
done
exit 0
