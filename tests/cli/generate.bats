#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests of cmigrate generate that need a process of its own. All others: tests/unit/cli/test_generate*.c.

bats_require_minimum_version 1.5.0

load lib/refuses

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR" || return
	mkdir root
	# The machine's own configuration is not used.
	echo '{}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
}

generate() {
	"$cmigrate" --bundle-root "$BATS_TEST_TMPDIR/root" generate "$@"
}

@test "a full disk is reported, and leaves no file" {
	refuses 1 "can't write 'standard output': No space left" bash -c "'$cmigrate' generate >/dev/full"
	cat >full.sh <<-'END'
		set -e
		mount -t tmpfs -o size=8k none root
		mkdir root/old
		echo old >root/old/config.json
		if "$1" --bundle-root root generate --force old; then exit 99; fi
		[ "$(cat root/old/config.json)" = old ]
		[ "$(ls -A root/old)" = config.json ]
		if "$1" --bundle-root root generate new; then exit 99; fi
		[ "$(ls -A root)" = old ]
	END
	run unshare --map-root-user --mount sh full.sh "$cmigrate"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *"can't write '"*"/root/old/config.json': No space left on device"* ]]
	[[ ${lines[1]} == *"can't write '"*"/root/new/config.json': No space left on device"* ]]
}

@test "two at once: one writes, the other is refused" {
	for _ in 1 2 3 4 5; do
		rm -rf root/a
		generate a 2>err1 & first=$!
		generate a 2>err2 & second=$!
		done_count=0
		for pid in $first $second; do
			if wait "$pid"; then done_count=$((done_count + 1)); fi
		done
		[ "$done_count" -eq 1 ]
		[[ $(<err1)$(<err2) == *'exists; use --force'* ]]
		cd root/a
		[ "$(echo .[!.]* *)" = '.[!.]* config.json' ]
		cd ../..
	done
}
