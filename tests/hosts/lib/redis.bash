# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the test file's variables
# A redis on $address with so much in it that its memory is what a move is about.

# Sets `digest` to what memory() has to say from now on.
start_filled_redis() { # MIB
	make_redis cache "$address/32" --args --enable-debug-command --args yes
	start_container rhel01 cache
	wait_on client 10 "redis-cli -h $address ping | grep -q PONG"
	on client redis-cli -h "$address" debug populate "$1" key 1048576 >/dev/null
	digest=$(memory)
}

memory() {
	on client redis-cli -h "$address" debug digest-value key:0 key:42 key:77 key:99
}
