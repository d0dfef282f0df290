#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# move, check and recover against stubs (tests/cli/stubs): the commands, their hosts, order and
# words. The agents are real; runc and criu are not.

bats_require_minimum_version 1.5.0

load lib/stubs

setup() {
	set_up_stubs
}

moves() { # OPTIONS...
	runs move --skip-check "$skips" "$@" web hostb
}

# The container has a service address, and it is up on its host.
give_address() {
	bundle '{"org.cmigrate.address": "192.0.2.7/24@eth0"}'
	: >stub/hosta/address
}

# The number of the first call after FROM that begins like this.
call() { # TEXT [FROM]
	awk -v text="$1" -v from="${2:-0}" 'NR > from && index($0, text) == 1 {print NR; exit}' stub/calls
}

in_order() { # TEXT...
	local at=0 text
	for text in "$@"; do
		at=$(call "$text" "$at")
		[ -n "$at" ] || { echo "not there, or not after the one before: $text"; cat stub/calls; return 1; }
	done
}

# The output of --verbose has requests that begin like this, in this order.
shown() { # TEXT...
	local at=0 text
	for text in "$@"; do
		at=$(awk -v text="$text" -v from="$at" 'NR > from && index($0, text) == 1 {print NR; exit}' <<<"$stderr")
		[ -n "$at" ] || { echo "not there, or not after the one before: $text"; return 1; }
	done
}

# A move leaves only its record in the bundle.
only_history_left() {
	[ "$(ls -A root/web)" = $'.cmigrate\nconfig.json' ]
	[ "$(ls -A root/web/.cmigrate)" = history ]
}

nothing_changed() {
	[ "$(cat stub/hosta/state)" = running ]
	[ ! -e stub/hostb/state ]
	[ ! -e root/web/.cmigrate ]
	# A device is created in a temporary namespace, to see whether the kernel can.
	! grep -v -F '[link] [add] [cmigrate]' stub/calls |
		grep -E '\[(pause|checkpoint|restore|delete|replace|del|add)\]'
}

@test "a move: paused, dumped, restored, and then the source ended" {
	moves
	[ "$status" -eq 0 ]
	# The dump starts before the pause and continues after it.
	in_order 'hosta runc [checkpoint] [--image-path]' \
		'hosta criu [dumps]' 'hostb runc [restore] [--detach] [--bundle]' 'hostb criu [restores]'
	[ "$(cat stub/hostb/state)" = running ]
	[ ! -e stub/hosta/state ]
	# No images, journal, lock or work directories are left.
	only_history_left
	run_is_clean hosta hostb
}

# bats test_tags=all
@test "connections are closed if no address moves along, kept if one does" {
	moves
	grep -F 'hosta runc [checkpoint]' stub/calls | grep -F '[--tcp-established] [--tcp-skip-in-flight] [web]'
	grep -F 'hostb runc [restore]' stub/calls | grep -F '[--tcp-established] [web]'
}

# bats test_tags=all
@test "flags for CRIU are passed on, from the annotation and from the command line" {
	bundle '{"org.cmigrate.criu": "--file-locks"}'
	moves --ext-unix-sk
	[ "$status" -eq 0 ]
	for verb in 'hosta runc [checkpoint]' 'hostb runc [restore]'; do
		grep -F "$verb" stub/calls | grep -F '[--file-locks] [--ext-unix-sk]'
	done
}

# bats test_tags=all
@test "an address: held and put on the destination before the pause, taken off the source after it" {
	give_address
	moves --verbose
	[ "$status" -eq 0 ]
	# Rules and devices are there before the freeze.
	in_order 'hostb nft [-f] [-]' 'hosta criu [dumps]' 'hostb criu [restores]'
	shown '[hostb] + hold op=set ' '[hostb] + address op=enter ' '[hosta] + freeze ' '[hosta] + address op=leave ' \
		'[hostb] + hold op=release ' '[hostb] + hold op=clear '
	has_address hostb
	has_no_address hosta
}

# bats test_tags=all
@test "pre-copy: passes until the rest is small, each read ahead on the destination, then the pause" {
	moves --strategy pre-copy --max-downtime 200 --verbose
	[ "$status" -eq 0 ]
	in_order 'hosta criu [writes pass 1]' 'hosta criu [writes pass 2]' 'hosta criu [dumps]'
	grep -F '[--parent-path] [../pass-1]' stub/calls
	grep -F 'hosta runc [checkpoint]' stub/calls | grep -F '[--parent-path=pass-2] [web]'
	local number
	for number in 1 2; do
		[ "$(grep -c -E "^\[hostb\] \+ readahead .* pass=$number\$" <<<"$stderr")" -eq 1 ]
	done
	[ "$(cat stub/hostb/state)" = running ]
	only_history_left
}

@test "a restore that fails: the source goes on, exit code 4, nothing is left" {
	: >stub/hostb/restore-fails
	give_address
	moves
	[ "$status" -eq 4 ]
	[[ $stderr == *'the restore failed'* ]]
	[ "$(cat stub/hosta/state)" = running ]
	[ ! -e stub/hostb/state ]
	has_address hosta
	has_no_address hostb
	only_history_left
	[ "$(cat stub/hosta/cgroup/freezer/web/freezer.state)" = THAWED ]
}

@test "the move goes on as soon as the restored processes run, and is undone if runc fails after that" {
	mkfifo stub/hostb/restore-ends-badly
	give_address
	"$cmigrate" --json move --skip-check "$skips" web hostb >out 2>err 3>&- &
	wait_until 20 grep -q '"name":"answer"' out
	# runc has not ended before.
	echo now >stub/hostb/restore-ends-badly
	status=0
	wait "$!" || status=$?
	[ "$status" -eq 4 ]
	grep 'the restore failed after its processes ran' err
	[ "$(cat stub/hosta/state)" = running ]
	[ ! -e stub/hostb/state ]
	has_address hosta
	has_no_address hostb
	only_history_left
}

# bats test_tags=all
@test "--keep-images keeps the images of an undone move too, and nothing starts from them" {
	: >stub/hostb/restore-fails
	moves --keep-images
	[ "$status" -eq 4 ]
	[ "$(cat stub/hosta/state)" = running ]
	images=$(echo root/web/.cmigrate/images-*)
	[ -d "$images" ]
	[ ! -e "$images/inventory.img" ]
	[ ! -e root/web/.cmigrate/journal ]
}

# bats test_tags=all
@test "a signal before the first step: exit code 1, and nothing was changed" {
	jq '.hooks = {"pre_move": ["sh", "-c", "kill -TERM $PPID"]}' cmigrate.json >with-hook.json
	CMIGRATE_CONFIG=$PWD/with-hook.json moves --json
	[ "$status" -eq 1 ]
	tail -n 1 <<<"$output" | jq -e '.outcome == "refused" and .exit_code == 1 and .steps == []
		and (.error | test("signal"))'
	nothing_changed
}

# bats test_tags=all
@test "the connections that found the container are used for the move" {
	for from in '--from hosta' ''; do
		rm -rf stub/ssh-words
		# shellcheck disable=SC2086 # words
		moves --dry-run $from
		[ "$status" -eq 0 ]
		grep -x -e 'host[ab]' stub/ssh-words | sort >"connections$from"
	done
	diff 'connections--from hosta' connections
}

# bats test_tags=all
@test "check without a destination: a silent host is waited for only once" {
	: >stub/off-hostb
	run --separate-stderr "$cmigrate" --json check --skip-check "$skips" web
	[ "$status" -eq 3 ]
	jq -e 'select(.host == "hostb") | .result == "unreachable" and (.message | test("No route"))' <<<"$output"
	[ "$(grep -c -x hostb stub/ssh-words)" -eq 1 ]
}

# bats test_tags=all
@test "--quiet prints nothing if all goes well" {
	moves --quiet
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ]
}

# Queries count; opening a connection does not.
# bats test_tags=all
@test "--verbose shows every command for a host" {
	moves --verbose
	[ "$status" -eq 0 ]
	for command in 'hosta] + state container=web' 'hosta] + facts container=web ' 'hosta] + dump container=web ' 'hostb] + watch '; do
		[[ $stderr == *"[$command"* ]] || { echo "not there: $command"; return 1; }
	done
	[[ $stderr != *'] + true'* ]]
}

# bats test_tags=all
@test "post_move's failure is reported with --quiet too, and changes nothing" {
	jq '.hooks = {"post_move": ["false"]}' cmigrate.json >with-hook.json
	CMIGRATE_CONFIG=$PWD/with-hook.json moves --quiet
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr == *'hook post_move'* ]]
	[ "$(cat stub/hostb/state)" = running ]
}

# bats test_tags=all
@test "post_move is run for a move that recover has settled" {
	jq --arg log "$PWD/heard" '.hooks = {"post_move": ["sh", "-c", "echo $CMIGRATE_CONTAINER $CMIGRATE_OUTCOME >>\($log)"]}' cmigrate.json >with-hook.json
	export CMIGRATE_CONFIG=$PWD/with-hook.json
	CMIGRATE_FAULT=commit:after moves
	[ "$status" -eq 137 ]
	[ ! -e heard ]
	runs recover web
	[ "$status" -eq 0 ]
	[ "$(cat heard)" = 'web moved' ]
}

# bats test_tags=all
@test "delete: a container that may be on a host that was not asked is not deleted" {
	moves
	[ "$status" -eq 0 ]
	# Without hosts in the configuration hostb is unknown.
	CMIGRATE_CONFIG='' runs delete -b "$STUB_ROOT" web
	[ "$status" -eq 3 ]
	[ "$(cat stub/hostb/state)" = running ]
	rm stub/hostb/state
	runs delete --json web
	[ "$status" -eq 0 ]
	tail -n 1 <<<"$output" | jq -e '.outcome == "gone" and .exit_code == 0 and .error == null'
}

# bats test_tags=all
@test "--json: lines of one object each, the summary last" {
	moves --json
	[ "$status" -eq 0 ]
	jq -e . <<<"$output" >/dev/null
	tail -n 1 <<<"$output" | jq -e '.event == "summary" and .container == "web" and .source == "hosta" and
		.destination == "hostb" and .strategy == "cold" and .outcome == "moved" and .exit_code == 0 and
		(.freeze_ms > 0) and (.steps | length > 5) and .error == null'
}

@test "--json on a refusal: still a summary" {
	bundle '{"org.cmigrate.endpoint": "http://127.0.0.1:1/"}'
	echo running >stub/hostb/state
	moves --json --from hosta
	[ "$status" -eq 3 ]
	tail -n 1 <<<"$output" | jq -e '.event == "summary" and .container == "web" and .outcome == "refused" and
		.exit_code == 3 and (.error | length > 0) and .cause == "check" and .check == "name" and .steps == [] and .total_ms == null and .memory_bytes > 0'
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "--dry-run and check change nothing" {
	moves --dry-run
	[ "$status" -eq 0 ]
	[[ $output == *plan:* ]]
	nothing_changed
	echo running >stub/hostb/state
	moves --json --dry-run --from hosta
	tail -n 1 <<<"$output" | jq -e '.event == "summary" and .outcome == "refused" and .check == "name"'
	rm stub/hostb/state
	moves --quiet --dry-run
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	moves --json --dry-run --strategy cold
	tail -n 1 <<<"$output" | jq -e '.event == "plan" and .predicted_freeze_ms == null'
	run --separate-stderr "$cmigrate" check --skip-check "$skips" web hostb
	[ "$status" -eq 0 ]
	[[ $output == CHECK*RESULT* ]]
	nothing_changed
}

# bats test_tags=all
@test "--dry-run: a plan that can't be printed is a failure" {
	for words in 'move web hostb' 'drain hosta'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr bash -c '"$@" >/dev/full' - "$cmigrate" ${words%% *} --dry-run --skip-check "$skips" ${words#* }
		[ "$status" -eq 1 ]
		[[ $stderr == *"can't write 'standard output': No space left on device"* ]]
	done
	nothing_changed
}

# bats test_tags=all
@test "check --quiet prints only the reason of a refusal" {
	run --separate-stderr "$cmigrate" -q check --skip-check "$skips" web hostb
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	refuses 3 'hosta already' "$cmigrate" -q check --skip-check "$skips" web hosta
	printf '0' >root/web/config.json
	refuses 2 "config.json" "$cmigrate" -q check --skip-check "$skips" web hostb
}

# bats test_tags=all
@test "check --json: an object for each check" {
	run --separate-stderr "$cmigrate" check --json --skip-check "$skips" web hostb
	[ "$status" -eq 0 ]
	jq -e 'select(.check) | has("severity") and has("result") and has("message") and has("remedy") and has("id")' \
		<<<"$output" >/dev/null
	[ "$(jq -r 'select(.check == "cpu").result' <<<"$output")" = skipped ]
	rm stub/hosta/state
	run --separate-stderr "$cmigrate" check --json --from hosta --skip-check "$skips" web hostb
	[ "$status" -eq 3 ]
	tail -n 1 <<<"$output" | jq -e '.event == "summary" and .cause == "gone" and .check == "container"'
}

# bats test_tags=all
@test "an endpoint that is silent before the move is reported, and still asked after it" {
	bundle '{"org.cmigrate.endpoint": "tcp://127.0.0.1:1"}'
	moves --timeout 1
	[ "$status" -eq 4 ]
	[[ $stderr == *"endpoint: endpoint 'tcp://127.0.0.1:1' does not answer: "* ]]
	bundle '{}'
	moves
	[ "$status" -eq 0 ]
	[[ $stderr != *"endpoint: "* ]]
}

# bats test_tags=all
@test "a check that fails: exit code 3, its id, nothing changed" {
	echo running >stub/hostb/state
	run --separate-stderr "$cmigrate" check --from hosta --skip-check "$skips" web hostb
	[ "$status" -eq 3 ]
	[[ $output == *refused* ]]
	rm stub/hostb/state
	nothing_changed
}

# bats test_tags=all
@test "hostile annotations are refused before any host is asked" {
	# shellcheck disable=SC2016
	for annotation in '"org.cmigrate.address": "$(id)"' '"org.cmigrate.address": "192.0.2.7@-x"' \
		'"org.cmigrate.endpoint": "file:///etc/passwd"' '"org.cmigrate.criu": "--exec-cmd x"' \
		'"org.cmigrate.tcp": "`id`"' '"org.cmigrate.adress": "192.0.2.7"'; do
		bundle "{$annotation}"
		refuses 2 org.cmigrate "$cmigrate" move web hostb
	done
	nothing_changed
}

# bats test_tags=all
@test "annotations of other programs are ignored" {
	# shellcheck disable=SC2016
	bundle '{"com.example.x": "$(touch hacked)", "io.kubernetes.y": "`id`"}'
	moves
	[ "$status" -eq 0 ]
	! grep -F -e 'touch hacked' stub/calls stub/ssh-words
}

# bats test_tags=all
@test "ssh never prompts, and never takes a name for an option" {
	moves
	grep -x -- BatchMode=yes stub/ssh-words
	[ "$(grep -x -A 1 -- -- stub/ssh-words | grep -v -x -e -- | sort -u | tr '\n' ' ')" = 'hosta hostb ' ]
}

# bats test_tags=all
@test "a container on no host, and one that is on the destination already" {
	refuses 3 "'web' is on hosta already" "$cmigrate" move web hosta
	rm stub/hosta/state
	refuses 3 "no container 'web' on" "$cmigrate" move web hostb
	echo running >stub/hostb/state
	refuses 3 'already' "$cmigrate" move web hostb
}

# bats test_tags=all
@test "a host that is off" {
	: >stub/off-hostb
	refuses 3 'No route to host' "$cmigrate" move --from hosta web hostb
	nothing_changed
}

# bats test_tags=all
@test "without a bundle the error tells how to write one" {
	rm root/web/config.json
	for command in 'move web hostb' 'check web hostb' 'checkpoint web'; do
		# shellcheck disable=SC2086 # words
		refuses 3 "'cmigrate generate web' writes one" "$cmigrate" $command
	done
}

# bats test_tags=all
@test "status: a stopped container, one on no host, and one that may be on a silent host" {
	rm stub/hosta/state
	run --separate-stderr "$cmigrate" status web
	[ "$status" -eq 0 ]
	[[ $output == 'web: on no host'$'\n'* ]]
	refuses 3 "no container 'db' on" "$cmigrate" status db
	: >stub/off-hosta
	refuses 1 "no container 'db' on" "$cmigrate" status db
	run --separate-stderr "$cmigrate" status web
	[ "$status" -eq 1 ]
	[[ $output == 'web: on no host that answers'*unreachable\ hosta* ]]
}

# bats test_tags=all
@test "recover with nothing to recover" {
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run --separate-stderr "$cmigrate" recover --all
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ]
	[ ! -e root/web/.cmigrate ]
	refuses 2 '--all' "$cmigrate" recover
	refuses 2 '--all' "$cmigrate" recover --all web
}

# Another process holds the lock until a line comes from the fifo "held".
hold_lock() {
	mkdir -p root/web/.cmigrate
	flock root/web/.cmigrate/lock sh -c 'echo held >held; read -r _ <held' 3>&- &
	held=$!
	read -r _ <held
}

# bats test_tags=all
@test "recover waits for the lock of a cmigrate that was just killed, and no longer" {
	local held recover
	mkfifo held
	hold_lock
	"$cmigrate" recover web 3>&- &
	recover=$!
	# Its sleep shows that it waits for the lock.
	until [[ $(</proc/$recover/wchan) == *nanosleep* ]]; do
		[ -e /proc/$recover/exe ]
	done
	echo >held
	wait "$recover"
	wait "$held"
	hold_lock
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 7 ]
	[[ $stderr == *"'web'"* ]]
	run --separate-stderr "$cmigrate" recover --all
	[ "$status" -eq 0 ]
	echo >held
	wait "$held"
}

@test "an unfinished move keeps the next one out until it is recovered" {
	CMIGRATE_FAULT=hold:after moves
	[ "$status" -eq 137 ]
	[ -s root/web/.cmigrate/journal ]
	moves
	[ "$status" -eq 7 ]
	[[ $stderr == *"cmigrate recover web"* ]]
	run --separate-stderr "$cmigrate" recover web
	echo "$output$stderr"
	[ "$status" -eq 0 ]
	[[ $output == *"runs on hosta"* ]]
	only_history_left
}

# Recovery must not guess: neither that nothing had begun, nor which hosts took part.
# bats test_tags=all
@test "a damaged journal: busy; recover says what to do and changes nothing" {
	CMIGRATE_FAULT=dump:after moves
	[ "$status" -eq 137 ]
	sed -i '1s/"kind":0/"kind":1/' root/web/.cmigrate/journal
	cp root/web/.cmigrate/journal damaged
	moves
	[ "$status" -eq 7 ]
	[[ $stderr == *"container 'web': journal, line 1: damaged"*'cmigrate recover web'* ]]
	for what in web --all; do
		run --separate-stderr "$cmigrate" recover $what
		[ "$status" -eq 6 ]
		[[ $stderr == *"container 'web': journal, line 1: damaged"*"remove '$STUB_ROOT/web/.cmigrate/journal'" ]]
	done
	cmp damaged root/web/.cmigrate/journal
}

# bats test_tags=all
@test "a journal whose first line is incomplete: nothing had begun, which is reported" {
	CMIGRATE_FAULT=prepare:before moves
	[ "$status" -eq 137 ]
	truncate -s -1 root/web/.cmigrate/journal
	sed -i -z 's/\n.*//' root/web/.cmigrate/journal
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 0 ]
	[[ $stderr == *"'web' was interrupted before it changed anything"* ]]
	[ ! -e root/web/.cmigrate/journal ]
}

# bats test_tags=all
@test "the output of a login shell does not count as the lock" {
	mkdir -p root/web/.cmigrate
	cat >bin/noisy <<-END
		#!/bin/bash
		echo held
		echo 'hello from there'
		exec "$top/tests/cli/stubs/ssh" "\$@"
	END
	chmod 755 bin/noisy
	rm bin/ssh
	mv bin/noisy bin/ssh
	mkfifo held
	flock root/web/.cmigrate/lock sh -c 'echo held >held; read -r _ <held' 3>&- &
	held=$!
	read -r _ <held
	moves
	echo >held
	wait "$held"
	[ "$status" -eq 7 ]
	moves
	[ "$status" -eq 0 ]
}

# If their directory can't be read, images are not known to be incomplete.
# bats test_tags=all
@test "recover: images that can't be read do not count as unfinished" {
	CMIGRATE_FAULT=dump:after moves
	[ "$status" -eq 137 ]
	end_stubs
	rm -rf stub/hosta/state stub/hosta/run
	images=$(echo root/web/.cmigrate/images-*)
	mv "$images/inventory.img" saved
	ln -s inventory.img "$images/inventory.img"
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 6 ]
	[[ $stderr == *"whether the images are complete can't be seen"* ]]
	[ -d "$images" ]
	mv saved "$images/inventory.img"
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 0 ]
	[ "$(cat stub/hostb/state)" = running ]
}

# stopped_at POINT [OPTION...]: stops a move there; its process is $pid.
stopped_at() {
	CMIGRATE_PAUSE=$1 "$cmigrate" -q move --skip-check "$skips" "${@:2}" web hostb >out 2>&1 3>&- &
	pid=$!
	wait_until 20 is_stopped
}

is_stopped() {
	[[ $(sed 's/.*) //' "/proc/$pid/stat") == T* ]]
}

goes_on() {
	kill -CONT "$pid"
	status=0
	wait "$pid" || status=$?
	cat out
}

# bats test_tags=all
@test "criu dies at its gate: the source continues, and nothing else does" {
	stopped_at answer:before
	for holder in $(grep -l -a -z '^CRIU_CONFIG_FILE=.*web/criu.conf' /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do
		grep -q -a -z -x "STUB_DIR=$STUB_DIR" "/proc/$holder/environ" && kill -9 "$holder"
	done
	echo running >stub/hosta/state
	goes_on
	[ "$status" -eq 4 ]
	grep -q 'criu has ended at its gate' out
	[ "$(cat stub/hosta/state)" = running ]
	[ ! -e stub/hostb/state ]
	only_history_left
}

# bats test_tags=all
@test "the process at the gate has ended and the endpoint is silent: the last copy continues" {
	bundle '{"org.cmigrate.endpoint": "tcp://127.0.0.1:1"}'
	stopped_at answer:before --timeout 1
	end_stubs
	rm stub/hosta/state
	goes_on
	[ "$status" -eq 6 ]
	[ "$(cat stub/hostb/state)" = running ]
	run --separate-stderr "$cmigrate" -q recover web
	[ "$status" -eq 0 ]
	[ "$(cat stub/hostb/state)" = running ]
	only_history_left
}

# bats test_tags=all
@test "another machine's answer does not prove that an ended copy runs" {
	python3 -c 'import http.server, os
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
open("port", "w").write(str(server.server_port)); os.rename("port", "port-there")
server.serve_forever()' 3>&- 2>/dev/null &
	server=$!
	wait_until 10 test -e port-there
	bundle '{"org.cmigrate.endpoint": "http://127.0.0.1:'"$(cat port-there)"'/"}'
	stopped_at answer:before
	set_state hostb stopped
	goes_on
	kill "$server"
	[ "$status" -eq 4 ]
	grep -q 'hostb: the restored container is stopped' out
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "a signal to recover ends no copy that has served since the crash" {
	for what in web --all; do
		CMIGRATE_FAULT=answer:before moves
		[ "$status" -eq 137 ]
		# A signal while the hosts are asked.
		mkfifo asked
		printf '#!/bin/bash\n[ -e %q ] || { echo >%q; : >%q; }\nexec %q "$@"\n' "$PWD/was" "$PWD/asked" "$PWD/was" \
			"$top/tests/cli/stubs/ssh" >bin/slow
		chmod 755 bin/slow
		mv bin/slow bin/ssh
		"$cmigrate" recover $what >out 2>&1 3>&- &
		pid=$!
		read -r _ <asked
		kill -TERM "$pid"
		status=0
		wait "$pid" || status=$?
		cat out
		[ "$status" -eq 6 ] || [ "$status" -eq 1 ]
		[ "$(cat stub/hostb/state)" = running ]
		[ -e root/web/.cmigrate/journal ]
		# This dump ends with its connection.
		end_stubs
		rm -f stub/hosta/state
		"$cmigrate" -q recover web
		[ "$(cat stub/hostb/state)" = running ]
		rm -f stub/hostb/state asked was bin/ssh
		ln -s "$top/tests/cli/stubs/ssh" bin/ssh
		echo running >stub/hosta/state
	done
}

# bats test_tags=all
@test "committed, and a container of that name runs on the source again: it is not touched" {
	CMIGRATE_FAULT=open-gate:before moves
	end_stubs
	echo running >stub/hosta/state
	: >stub/calls
	run --separate-stderr "$cmigrate" recover web
	[ "$status" -eq 6 ]
	[[ $stderr == *'runs on the source too'* ]]
	run ! grep -e 'addr\] \[del' -e 'runc \[delete' stub/calls
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "the fence hook is not run for mere clean-up, nor if both hosts are silent" {
	jq --arg shot "$PWD/shot" '.hooks = {"fence": ["sh", "-c", "echo $1 >>" + $shot, "sh", "{host}"]}' cmigrate.json >with-hook.json
	mv with-hook.json cmigrate.json
	CMIGRATE_FAULT=commit:after moves
	end_stubs
	: >stub/off-hosta
	run "$cmigrate" recover web
	[ "$status" -eq 6 ]
	[ ! -e shot ]
	: >stub/off-hostb
	sed -i '/"event":"commit"/d' root/web/.cmigrate/journal
	run "$cmigrate" recover web
	[ "$status" -eq 6 ]
	[ ! -e shot ]
	rm stub/off-hostb
	run "$cmigrate" recover web
	[ "$(cat shot 2>/dev/null)" = '' ]
}

# bats test_tags=all
@test "an interrupted restore: --fenced counts, and a restore that can't be done is over" {
	runs checkpoint web
	CMIGRATE_FAULT=restore:before runs restore --on hostb web
	[ "$status" -eq 137 ]
	end_stubs
	: >stub/hostb/restore-fails
	run --separate-stderr "$cmigrate" recover --on hostb web
	[ "$status" -eq 1 ]
	[[ $stderr == *'its images stay'* ]]
	rm stub/hostb/restore-fails
	CMIGRATE_FAULT=restore:before runs restore --on hostb web
	[ "$status" -eq 137 ]
	end_stubs
	: >stub/off-hostb
	run --separate-stderr "$cmigrate" recover --on hosta --fenced hostb web
	[ "$status" -eq 1 ]
	[ -s root/web/checkpoint/inventory.img ]
	runs restore --on hosta --fenced hostb web
	[ "$status" -eq 0 ]
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "both hosts are certainly off: complete images are kept" {
	CMIGRATE_FAULT=dump:after moves
	end_stubs
	: >stub/off-hosta
	: >stub/off-hostb
	run --separate-stderr "$cmigrate" recover --fenced hosta --fenced hostb web
	[ "$status" -eq 6 ]
	[[ $stderr == *'no host is left to restore it on'* ]]
	images=$(echo root/web/.cmigrate/images-*)
	[ -s "$images/inventory.img" ]
}

# The next pipe would get their numbers, and messages would go to a host's shell.
@test "all three standard descriptors closed: no message reaches a host" {
	run bash -c 'exec "$0" -v move --skip-check "$1" web hostb <&- >&- 2>&-' "$cmigrate" "$skips"
	echo "$status $output"
	[ "$status" -eq 0 ]
	[ "$(cat stub/hostb/state)" = running ]
	only_history_left
}

# bats test_tags=all
@test "--json: an answer that is not UTF-8 loses no other field" {
	cat >bin/latin <<-END
		#!/bin/bash
		case " \$* " in
		*" hostb "*) printf 'zur\374ckgewiesen\n' >&2; exit 255 ;;
		esac
		exec "$top/tests/cli/stubs/ssh" "\$@"
	END
	chmod 755 bin/latin
	mv bin/latin bin/ssh
	moves --json --from hosta
	[ "$status" -eq 3 ]
	tail -n 1 <<<"$output" | jq -e '.error | test("zur.ckgewiesen")'
	run --separate-stderr "$cmigrate" --json stop web --on hostb
	tail -n 1 <<<"$output" | jq -e '(.error | test("zur.ckgewiesen")) and .container == "web" and .host == "hostb"'
	run --separate-stderr "$cmigrate" --json check web
	jq -e 'select(.host == "hostb") | .message | test("zur.ckgewiesen")' <<<"$output"
}

# bats test_tags=all
@test "--quiet: recover prints nothing if all went well, forward or back" {
	for json in '' --json; do
		CMIGRATE_FAULT=hold:after moves
		[ "$status" -eq 137 ]
		# shellcheck disable=SC2086 # a word or none
		run --separate-stderr "$cmigrate" --quiet $json recover web
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
	done
}
