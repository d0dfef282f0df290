#!/bin/sh
# SPDX-License-Identifier: MIT
# freeze NAME FREEZER: does what `runc pause NAME` does, without starting runc: writes the cgroup's file
# (freezer.state of cgroup v1, cgroup.freeze of v2; "": not known) and polls until it is frozen.
# A cgroup that isn't frozen within a second, as happens with v1 while processes fork, is thawed and left to runc,
# which tries again and again. runc refuses a cgroup that is frozen already.
name=$1 freezer=$2

# shellcheck disable=SC2317 # $frozen names it
frozen_v1() {
	read -r state <"$freezer" && [ "$state" = FROZEN ]
}

# shellcheck disable=SC2317
frozen_v2() {
	while read -r key value; do
		[ "$key" != frozen ] || [ "$value" != 1 ] || return 0
	done <"${freezer%/*}/cgroup.events"
	return 1
}

# runc refuses a cgroup that has frozen meanwhile.
leave_to_runc() {
	why=$(runc pause "$name" 2>&1) && exit 0
	[ -n "$frozen" ] && "$frozen" 2>/dev/null && exit 0
	printf '%s\n' "$why" >&2
	exit 1
}

frozen=
case $freezer in
*/freezer.state) freeze=FROZEN thaw=THAWED frozen=frozen_v1 ;;
*/cgroup.freeze) freeze=1 thaw=0 frozen=frozen_v2 ;;
*) leave_to_runc ;;
esac
echo "$freeze" 2>/dev/null >"$freezer" || leave_to_runc
tries=0
while [ "$tries" -lt 700 ]; do
	"$frozen" 2>/dev/null && exit 0
	tries=$((tries + 1))
	[ "$tries" -lt 500 ] || sleep 0.005
done
echo "$thaw" >"$freezer"
leave_to_runc
