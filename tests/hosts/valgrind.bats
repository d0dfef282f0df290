#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# No leak and no wrong access in a whole move, one that is undone, and a recovery, from a host of its own.
# check-all: a root file system of its own, and the unit tests run with sanitizers.

load lib/lab
load lib/containers
load lib/snapshot

address=10.99.0.100

setup_file() {
	export LAB_EXTRA_PACKAGES=valgrind
	start_lab t-valgrind 600
}

teardown_file() {
	end_lab
}

setup() {
	make_web web $address/32
	start_container rhel01 web
}

teardown() {
	remove_containers rhel01 rhel02
}

# Its exit code is 99 where valgrind found something; what curl and OpenSSL keep is still reachable.
checked() { # ARGUMENT...
	on client valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
		--errors-for-leak-kinds=definite,indirect cmigrate "$@"
}

@test "a whole move" {
	checked -q move web rhel02 --from rhel01
	runs_only_on rhel02 web $address
}

@test "a move that is undone" {
	run checked -q move web rhel02 --from rhel01 --endpoint http://rhel0x:81/ --timeout 1
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output != *"=="* ]]
	runs_only_on rhel01 web $address
}

@test "a recovery" {
	run on client env CMIGRATE_FAULT=restore:after cmigrate -q move web rhel02 --from rhel01
	echo "$output"
	[ "$status" -eq 137 ]
	checked recover web --on rhel01
	runs_only_on rhel02 web $address
}
