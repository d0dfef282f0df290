# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# uptime: hundredths of a second since the start of the system; a sleep takes longer than it says.
uptime() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}
