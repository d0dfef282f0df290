# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# What becomes of a move when a program that carries pages is lost.

copy_runs_on() { # HOST
	[[ $(on "$1" runc state counter 2>/dev/null) == *'"status": "running"'* ]]
}

# The copy runs on the destination, and its memory takes some seconds on the wire.
move_drains() {
	local rate=10mbit
	[[ $strategy != hybrid ]] || rate=1mbit
	move_stops restore:before
	on "$src" tc qdisc add dev eth0 root tbf rate "$rate" burst 32kb limit 1mb
	move_goes_on
	wait_for copy_runs_on "$dst" || flaw "no copy runs on $dst"
}

# What sends or takes the pages is killed while some are still to come.
fault_program() {
	local program='criu lazy-pages'
	if [[ $strategy == cold-lazy ]]; then
		program_of_images
		return
	fi
	[[ $side == destination ]] || program='criu swrk'
	may_lose=$dst
	move_drains
	# shellcheck disable=SC2016 # for the host's shell
	on "$hit" bash -c 'kill -9 $(pgrep -f "$1" | grep -v -x "$$") 2>/dev/null' - "$program"
	on "$src" tc qdisc del dev eth0 root
	move_wait
	# 0: what was still to come had left the program already, and was in the kernel's buffers.
	expect_code move "$move_code" 0 4 6
	settle_by_code "$src"
}

# What serves pages from the images is killed while it waits for the restore: this has all memory at once then.
program_of_images() {
	move_stops "$point"
	# shellcheck disable=SC2016 # for the host's shell
	on "$dst" bash -c 'kill -9 $(pgrep -f "^[^ ]*criu lazy-pages")' || flaw "no criu lazy-pages on $dst"
	move_ends
	expect_code move "$move_code" 0
	finish "$dst"
}
