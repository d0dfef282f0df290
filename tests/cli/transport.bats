#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The direct transport against stubs (tests/cli/stubs): the commands, their hosts and their
# order, and when memory goes via the shared directory after all.

bats_require_minimum_version 1.5.0

load lib/stubs

setup() {
	set_up_stubs
	ln -s "$top/tests/cli/stubs/tool" bin/getent
	# A process whose memory is known: the first one.
	echo '[1]' >stub/hosta/pids
}

moves() { # OPTIONS...
	runs move --skip-check "$skips,stdio,terminal,deleted" --transport direct "$@" web hostb
}

# The output of --verbose has commands that begin with these, in this order.
in_order() { # TEXT...
	local at=0 text
	for text in "$@"; do
		at=$(awk -v text="$text" -v from="$at" 'NR > from && index($0, text) == 1 {print NR; exit}' all)
		[ -n "$at" ] || { echo "not there, or not after the one before: $text"; return 1; }
	done
}

nothing_left() {
	[ "$(ls -A root/web)" = $'.cmigrate\nconfig.json' ]
	[ "$(ls -A root/web/.cmigrate)" = history ]
	[ -z "$(find stub/hosta/run stub/hostb/run -mindepth 1)" ]
	[ -z "$(grep -l -a -z -x -F -e CMIGRATE_PAGES=/run/cmigrate/web /proc/[0-9]*/environ 2>/dev/null)" ]
}

moved() {
	[ "$(cat stub/hostb/state)" = running ]
	[ ! -e stub/hosta/state ]
	nothing_left
}

# bats test_tags=all
@test "a page server on the destination, before the dump; the small images are put beside the memory" {
	moves --verbose
	[ "$status" -eq 0 ]
	cp stub/calls all
	in_order 'hostb criu [page-server] [--images-dir] [/run/cmigrate/web/pages]' \
		'hostb criu [listens for /run/cmigrate/web/pages]' 'hosta runc [checkpoint]' 'hosta runc [pause] [web]' \
		'hosta criu [dumps]' 'hosta criu [sends 4096 bytes to 192.0.2.2:2' 'hostb runc [restore]' 'hostb criu [restores]'
	grep -E '^hosta runc \[checkpoint\] .*\[--page-server\] \[192.0.2.2:2[78][0-9]{3}\] \[web\]$' stub/calls
	grep -F 'hostb runc [restore]' stub/calls | grep -F '[--image-path] [/run/cmigrate/web/pages]'
	[ "$(grep -c -F 'criu [page-server]' stub/calls)" -eq 1 ]
	printf '%s\n' "$stderr" >all
	# Only the source reaches it, and its rule is removed with it.
	in_order '[hosta] + (prepare) sender ' '[hostb] + (prepare) receiver ' '[hostb] + (guard) admit ' \
		'[hostb] + (receive) 0 0 ' '[hosta] + (dump) web ' '[hostb] + (gather) ' '[hostb] + (restore) ' \
		'[hostb] + (unpage) ' '[hostb] + (guard) clear ' '[hostb] + (clean) '
	grep -E '^\[hostb\] \+ \(gather\) .*/pages 2$' all
	grep -E '^\[hostb\] \+ \(guard\) admit [0-9a-f]{8} 192.0.2.2 [0-9]+ 192.0.2.1$' all
	moved
}

# bats test_tags=all
@test "pre-copy: a page server for each pass, based on the previous one" {
	moves --verbose --strategy pre-copy --max-downtime 200
	[ "$status" -eq 0 ]
	cp stub/calls all
	in_order 'hostb criu [listens for /run/cmigrate/web/pages/pass-1]' 'hosta criu [sends 4096000 bytes' \
		'hostb criu [listens for /run/cmigrate/web/pages/pass-2]' 'hosta criu [sends 409600 bytes' \
		'hostb criu [listens for /run/cmigrate/web/pages]' 'hosta runc [pause] [web]' 'hosta criu [sends 4096 bytes'
	grep -F 'hosta runc [checkpoint] [--pre-dump]' stub/calls | grep -F '[--parent-path] [../pass-1]'
	grep -F 'hostb criu [page-server]' stub/calls | grep -c -F '[--prev-images-dir] [../pass-1]' | grep -x 1
	grep -F 'hostb criu [page-server]' stub/calls | grep -c -F '[--prev-images-dir] [pass-2]' | grep -x 1
	[ "$(grep -c -F 'hostb criu [page-server]' stub/calls)" -eq 3 ]
	# The memory is on the destination already, and its size is taken from there.
	[[ $stderr != *'(readahead)'* ]]
	[[ $stderr == *'pre-copy: 2 passes, then the rest fits'* ]]
	moved
}

is_undone() { # MESSAGE
	[ "$status" -eq 4 ]
	[[ $stderr == *"$1"* ]]
	[ "$(cat stub/hosta/state)" = running ]
	nothing_left
}

# bats test_tags=all
@test "a page server fails: the source continues, exit code 4, nothing is left" {
	: >stub/hostb/page-server-fails
	moves
	is_undone 'the memory did not get to hostb'
	[ ! -e stub/hostb/state ]
}

# bats test_tags=all
@test "a page server never listens: undone before the container was stopped" {
	: >stub/hostb/page-server-dies
	moves
	is_undone 'the memory did not get to hostb: its page server ended with status 1'
	run ! grep -F 'hosta runc [pause]' stub/calls
}

@test "the work directory of another move: its guard is left alone" {
	mkdir -p stub/hostb/run/cmigrate/web
	: >stub/hostb/run/cmigrate/web/criu.conf
	moves --verbose
	[ "$status" -eq 4 ]
	[[ $stderr != *'(guard)'* ]]
	runs move --skip-check "$skips,stdio,terminal,deleted,pages" --strategy post-copy --verbose web hostb
	[ "$status" -eq 4 ]
	[[ $stderr != *'(guard)'* ]]
	[ -e stub/hostb/run/cmigrate/web/criu.conf ]
}

@test "images are put beside the memory only if all of them are visible" {
	mkdir images pages
	echo a >images/a.img
	echo b >images/b.img
	echo d >images/descriptors.json
	sh "$top/src/scripts/gather.sh" images pages 0
	[ "$(ls pages)" = descriptors.json ]
	run sh "$top/src/scripts/gather.sh" images pages 3
	[ "$status" -ne 0 ]
	[[ $output == *"not all images of the dump are in 'images'"* ]]
	[ "$(ls pages)" = descriptors.json ]
	sh "$top/src/scripts/gather.sh" images pages 2
	[ "$(ls pages)" = $'a.img\nb.img\ndescriptors.json' ]
	# The reason that keeps them from being copied is reported.
	run sh "$top/src/scripts/gather.sh" images nowhere 2
	[ "$status" -ne 0 ]
	[[ $output == *nowhere* && $output != *'to be seen'* ]]
	rm pages/*
	sh "$top/src/scripts/gather.sh" images pages all
	[ "$(ls pages)" = $'a.img\nb.img\ndescriptors.json' ]
	# They are files, because a link would point nowhere from the container's root.
	[ -z "$(find pages -type l)" ]
	[ "$(ls images)" = $'a.img\nb.img\ndescriptors.json' ]
}

# bats test_tags=all
@test "a failed restore: the source continues, nothing is left" {
	: >stub/hostb/restore-fails
	moves
	[ "$status" -eq 4 ]
	[ "$(cat stub/hosta/state)" = running ]
	nothing_left
}

# by_shared REASON: moved without a page server, and the reason is reported.
by_shared() {
	[ "$status" -eq 0 ]
	[[ $stderr == *"not straight to hostb: "*"$1"*"by the shared directory instead"* ]]
	run ! grep -e '\[page-server\]' -e '\[--page-server\]' stub/calls
	[ "$(cat stub/hostb/state)" = running ]
}

# bats test_tags=all
@test "via the shared directory: images are to be kept" {
	moves --keep-images
	by_shared 'images that are kept would lack the memory'
}

# bats test_tags=all
@test "via the shared directory: the hosts don't know each other" {
	printf '#!/bin/sh\n' >bin/getent.new
	chmod 755 bin/getent.new
	mv bin/getent.new bin/getent
	moves
	by_shared "hosta and hostb don't know each other's address"
}

# bats test_tags=all
@test "via the shared directory: no room on the destination" {
	cat >bin/df <<-'END'
		#!/bin/sh
		[ "$2" = /run ] || exec /bin/df "$@"
		printf 'Filesystem 1024-blocks Used Available\ntmpfs 1 1 1024\n'
	END
	chmod 755 bin/df
	moves
	by_shared 'hostb has no room in /run'
}

# bats test_tags=all
@test "via the shared directory: a page server needs criu 3.19" {
	mkdir other
	mv bin/criu other/criu
	cat >bin/criu <<-END
		#!/bin/sh
		[ "\$STUB_HOST-\$1" != hostb---version ] || { echo 'Version: 3.18'; exit; }
		exec "$PWD/other/criu" "\$@"
	END
	chmod 755 bin/criu
	moves
	by_shared 'criu on hostb is older than 3.19'
}

# bats test_tags=all
@test "set by an annotation, and overridden on the command line" {
	bundle '{"org.cmigrate.transport": "direct"}'
	runs move --skip-check "$skips,stdio,terminal,deleted" --transport shared web hostb
	[ "$status" -eq 0 ]
	run ! grep -F '[page-server]' stub/calls
	runs move --skip-check "$skips,stdio,terminal,deleted" --from hostb web hosta
	[[ $stderr == *'not straight to hosta: it is not known how much memory the container has'* ]]
}
