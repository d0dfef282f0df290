#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Runs everything in examples/ as it stands, against stubs for hosts, board, load balancer and web hook. The
# key in examples/ssh is tried in tests/hosts/gate_keeper.bats.

bats_require_minimum_version 1.5.0

load lib/stubs

setup() {
	set_up_stubs
	examples=$top/examples
	# Checks that the stubs can't pass; see move.bats.
	cat >bin/cmigrate <<-END
		#!/bin/sh
		case " \$* " in
		*' move '*) exec "$cmigrate" "\$@" --skip-check \
			memory,space,cpu,cgroup,machine,device,address,address-in-use,packets,criu-kernel ;;
		esac
		exec "$cmigrate" "\$@"
	END
	chmod +x bin/cmigrate
}

# A program that records its words and its input, and prints NAME.says.
stub_program() { # NAME
	cat >"bin/$1" <<-END
		#!/bin/sh
		printf '%s' "$1" >>"$PWD/told"
		printf ' [%s]' "\$@" >>"$PWD/told"
		[ -t 0 ] || tr '\n' ' ' >>"$PWD/told"
		echo >>"$PWD/told"
		cat "$PWD/$1.says" 2>/dev/null
		exit "\$(cat "$PWD/$1.exits" 2>/dev/null || echo 0)"
	END
	chmod +x "bin/$1"
	: >told
}

@test "every example is in the list, and everything in the list is there" {
	diff <(cd "$examples" && find . -type f -printf '%P\n' | grep -v README.md |
		sed 's/^\(systemd.cmigrate-\(recover\|checkpoint@\)\.\).*/\1*/' | sort -u) \
		<(sed -n 's/^| `\([^`]*\)`.*/\1/p' "$examples/README.md" | sort)
}

@test "services and timer: systemd finds no fault" {
	system=root2/lib/systemd/system
	mkdir -p root2/usr/local/bin $system root2/etc/systemd/system
	cp /lib/systemd/system/*.target $system/
	cp "$cmigrate" root2/usr/local/bin/cmigrate
	cp "$examples"/systemd/* root2/etc/systemd/system/
	run systemd-analyze verify --man=no --root="$PWD/root2" cmigrate-recover.service cmigrate-recover.timer \
		cmigrate-drain.service cmigrate-checkpoint@web.service cmigrate-checkpoint@web.timer
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# The command of the service works if there is nothing to do.
	line=$(sed -n 's/^ExecStart=//p' "$examples/systemd/cmigrate-recover.service")
	[ "${line%% *}" = /usr/local/bin/cmigrate ]
	run sh -c "cmigrate ${line#* }"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# It stops, and drains the host, before the network and the shared directory go.
	grep -q -x 'After=.*network-online.target.*remote-fs.target.*' "$examples/systemd/cmigrate-drain.service"
	grep -q -x 'RequiresMountsFor=/runc/containers' "$examples/systemd/cmigrate-drain.service"
	stop=$(sed -n 's/^ExecStop=//p' "$examples/systemd/cmigrate-drain.service")
	[ "${stop%% *}" = /usr/local/bin/cmigrate ]
}

@test "cron: the table is valid" {
	grep -v '^#' "$examples/cron/cmigrate" | sed -E 's/^(([^ ]+ +){5})root +/\1/' >table
	crontab -n table 2>&1
}

# bats test_tags=all
@test "cron: the commands of the table print nothing when all is well" {
	# Use the containers and hosts of the stubs.
	sed -n 's/^.* root  //p' "$examples/cron/cmigrate" | sed -e 's/rhel7-httpd/web/g;s/rhel02/hostb/g;s/rhel01/hosta/g' >lines
	[ "$(wc -l <lines)" -eq 4 ]
	# check has no option to skip what stubs lack.
	sed -i 's/ check / check --skip-check memory,space,cpu,cgroup,machine,criu-kernel /' lines
	while IFS= read -r line; do
		run sh -c "$line" </dev/null
		echo "$line: $status $output"
		[ "$status" -eq 0 ]
		[ -z "$output" ]
	done <lines
	[ "$(cat stub/hostb/state)" = running ]
}

@test "the hook fence succeeds only once the power is off" {
	stub_program ipmitool
	stub_program sleep
	echo 'Chassis Power is off' >ipmitool.says
	"$examples/hooks/fence" rhel02
	grep -q -F '[-H] [rhel02-bmc]' told
	grep -q -F '[chassis] [power] [off]' told
	echo 'Chassis Power is on' >ipmitool.says
	run "$examples/hooks/fence" rhel02
	[ "$status" -ne 0 ]
	[[ $output == *"does not say that the power is off"* ]]
	echo 1 >ipmitool.exits
	run "$examples/hooks/fence" rhel02
	[ "$status" -ne 0 ]
	run "$examples/hooks/fence"
	[ "$status" -ne 0 ]
}

# Prints these events as stonith_admin --history --output-as xml does.
fence_history() { # STATUS...
	echo '<pacemaker-result api-version="2.38" request="stonith_admin --history rhel02 --output-as xml">'
	echo '  <fence_history status="0">'
	printf '    <fence_event action="off" target="rhel02" client="stonith_admin.1" origin="rhel01" status="%s" delegate="rhel01"/>\n' "$@"
	echo '  </fence_history>'
	echo '</pacemaker-result>'
}

@test "the hook fence-cluster succeeds only if the newest event in the cluster's history is that the host was fenced" {
	stub_program stonith_admin
	fence_history success failed >stonith_admin.says
	"$examples/hooks/fence-cluster" rhel02
	grep -q -F '[--fence] [rhel02]' told
	grep -q -F '[--history] [rhel02]' told
	for what in 'failed success' pending; do
		# shellcheck disable=SC2086 # words
		fence_history $what >stonith_admin.says
		run "$examples/hooks/fence-cluster" rhel02
		[ "$status" -ne 0 ]
		[[ $output == *"does not say that rhel02 was fenced"* ]]
	done
	fence_history success | sed 's/rhel02/rhel03/' >stonith_admin.says
	run "$examples/hooks/fence-cluster" rhel02
	[ "$status" -ne 0 ]
	: >stonith_admin.says
	run "$examples/hooks/fence-cluster" rhel02
	[ "$status" -ne 0 ]
	fence_history success >stonith_admin.says
	echo 1 >stonith_admin.exits
	run "$examples/hooks/fence-cluster" rhel02
	[ "$status" -ne 0 ]
	[[ $output == *"could not fence rhel02"* ]]
}

# The hooks where whole.json looks for them.
with_hooks() {
	unshare -m sh -c 'mount -t tmpfs tmpfs /etc/cmigrate 2>/dev/null || { mkdir -p /etc/cmigrate && mount -t tmpfs tmpfs /etc/cmigrate; }
		cp -R "$0" /etc/cmigrate/hooks && echo http://127.0.0.1/told >/etc/cmigrate/webhook && exec "$@"' \
		"$examples/hooks" "$@"
}

# bats test_tags=all
@test "the hooks of whole.json in a move: drained, moved, put back elsewhere, notified" {
	for program in socat logger curl getent; do stub_program $program; done
	echo '192.0.2.2 STREAM rhel02' >getent.says
	jq -s '.[0] * {hooks: .[1].hooks}' cmigrate.json "$examples/config/whole.json" >with.json
	rmdir=$([ -d /etc/cmigrate ] || echo yes)
	CMIGRATE_CONFIG=$PWD/with.json with_hooks cmigrate -q move web hostb
	[ -z "$rmdir" ] || rmdir /etc/cmigrate
	cat told
	grep -q 'socat .*set server containers/web state drain' told
	grep -q 'socat .*set server containers/web addr 192.0.2.2' told
	grep -q 'socat .*set server containers/web state ready' told
	grep -q -F 'logger [-t] [cmigrate] [-p] [daemon.notice] [--] [web: moved, hosta to hostb]' told
	grep -q -F '[http://127.0.0.1/told]' told
	[ "$(cat stub/hostb/state)" = running ]
	# A balancer that refuses keeps the container where it is.
	echo running >stub/hosta/state
	rm -f stub/hostb/state
	echo 'No such server.' >socat.says
	CMIGRATE_CONFIG=$PWD/with.json run with_hooks cmigrate -q move web hostb
	[ -z "$rmdir" ] || rmdir /etc/cmigrate
	echo "$status $output"
	[ "$status" -eq 3 ]
	[[ $output == *"haproxy: No such server."* ]]
	[ "$(cat stub/hosta/state)" = running ]
}

# bats test_tags=all
@test "the script in moves: moved, refused, undone, settled first" {
	stub_program sleep
	script=$examples/scripts/move-and-report.sh
	run --separate-stderr "$script" web hostb
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output =~ ^web:\ moved\ from\ hosta\ to\ hostb,\ outage\ [0-9]+\ ms$ ]]
	run --separate-stderr "$script" web hostb
	[ "$status" -eq 3 ]
	[[ $stderr == "web: not moved, a check says: "*already* ]]
	echo running >stub/hosta/state
	rm stub/hostb/state
	: >stub/hostb/restore-fails
	run --separate-stderr "$script" web hostb
	[ "$status" -eq 4 ]
	[[ $stderr == "web: goes on running on hosta: "*"no way"* ]]
	rm stub/hostb/restore-fails
	# A killed move is settled first.
	run env CMIGRATE_FAULT=hold:after cmigrate -q move web hostb
	[ "$status" -eq 137 ]
	run --separate-stderr "$script" web hostb
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[[ $output == "web: moved from hosta to hostb, "* ]]
}

@test "the script: a consequence for every exit code" {
	stub_program sleep
	script=$examples/scripts/move-and-report.sh
	# The settled move may be this very one: a second one would be refused as already there.
	cat >bin/cmigrate <<-'END'
		#!/bin/sh
		case $* in
		*recover*) echo '{"event":"summary","exit_code":0,"outcome":"moved","source":"a","destination":"b","outage_ms":null}' ;;
		*) echo '{"event":"summary","exit_code":7,"outcome":"refused"}' && exit 7 ;;
		esac
	END
	run --separate-stderr "$script" web b
	[ "$status" -eq 0 ]
	[ "$output" = 'web: moved from a to b, outage ? ms' ]
	# An outage above the limit is reported; a move in doubt is left to recover.
	cat >bin/cmigrate <<-'END'
		#!/bin/sh
		case $* in
		*recover*) echo recovered >>told; exit 6 ;;
		esac
		cat summary
		exit $(jq .exit_code <summary)
	END
	echo '{"event":"summary","exit_code":0,"source":"a","destination":"b","outage_ms":1500.7,"memory_bytes":5}' >summary
	run --separate-stderr "$script" web b
	[ "$output" = 'web: moved from a to b, outage 1500 ms' ]
	[ "$stderr" = 'web: that is more than 1000 ms: 5 bytes of memory' ]
	echo '{"event":"summary","exit_code":6,"error":"silent"}' >summary
	: >told
	run --separate-stderr "$script" web b
	[ "$status" -eq 6 ]
	[ "$stderr" = 'web: in doubt: silent' ]
	grep -q recovered told
	echo '{"event":"summary","exit_code":3,"error":"too old"}' >summary
	run --separate-stderr "$script" web b
	[ "$status" -eq 3 ]
	[ "$stderr" = 'web: not moved, a check says: too old' ]
	echo '{"event":"summary","exit_code":4,"source":"a","error":"no way"}' >summary
	run --separate-stderr "$script" web b
	[ "$status" -eq 4 ]
	[ "$stderr" = 'web: goes on running on a: no way' ]
	echo '{"event":"summary","exit_code":5,"error":"nobody"}' >summary
	run --separate-stderr "$script" web b
	[ "$status" -eq 5 ]
	[ "$stderr" = 'web: moved, but nobody answers: nobody' ]
}

# The metrics of some moves, in the file "metrics".
write_metrics() {
	local outcome
	mkdir -p root/web/.cmigrate root/.cmigrate
	for outcome in moved undone in-doubt; do
		jq -c -n --arg outcome "$outcome" '{id: "20260102T030405-0000000\($outcome | length)", started: "2026-01-02T03:04:05Z",
			container: "web", source: "hosta", destination: "hostb", strategy: "pre-copy", outcome: $outcome, exit_code: 0,
			outage_ms: 120.5, freeze_ms: 80.1, total_ms: 900.0, freeze_start_ms: 300.0, memory_bytes: 4096,
			steps: [{name: "dump", start_ms: 1.0, ms: 2.0, frozen: true}], passes: [{pages: 1, bytes: 4096, ms: 3.0}]}'
	done >root/web/.cmigrate/history
	echo '{"host":"hostb","by":"root@hosta","since":"2026-01-02T03:04:05Z","reason":null,"open":false}' >root/.cmigrate/cordon-hostb
	"$cmigrate" history --metrics metrics
}

@test "prometheus: the alert rules are valid and name metrics that there are" {
	rules=$examples/prometheus/cmigrate-alerts.yml
	run promtool check rules "$rules"
	echo "$output"
	[ "$status" -eq 0 ]
	write_metrics
	promtool check metrics <metrics
	for metric in $(grep -o 'cmigrate_[a-z_]*[a-z]' "$rules"); do
		grep -q "^$metric{" metrics || { echo "no $metric" && return 1; }
	done
	# A wrong rule is noticed.
	sed 's/increase(/increase((/' "$rules" >wrong.yml
	run ! promtool check rules wrong.yml
}

@test "grafana: each panel of the dashboard asks for metrics that there are" {
	dashboard=$examples/grafana/cmigrate.json
	write_metrics
	jq -e '.panels | length > 5 and all(.targets | length > 0) and (map(.id) | unique | length) == length' "$dashboard"
	# Each expression is one of Prometheus, once its variables have values, and names metrics of the file.
	jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$__[a-z_]*/5m/g; s/\$container/web/g' >expressions
	{
		printf 'groups:\n  - name: dashboard\n    rules:\n'
		n=0
		while IFS= read -r expr; do
			n=$((n + 1))
			printf '      - record: expression:%d\n        expr: %s\n' "$n" "$(jq -R . <<<"$expr")"
		done <expressions
	} >dashboard.yml
	run promtool check rules dashboard.yml
	echo "$output"
	[ "$status" -eq 0 ]
	while IFS= read -r expr; do
		metrics=$(grep -o 'cmigrate_[a-z_]*[a-z]' <<<"$expr")
		[ -n "$metrics" ]
		for metric in $metrics; do
			grep -q "^$metric{" metrics || { echo "no $metric in: $expr" && return 1; }
		done
	done <expressions
	jq -r '.templating.list[].definition // empty' "$dashboard" | grep -o 'cmigrate_[a-z_]*' | sort -u >variables
	grep -q -x cmigrate_moves_total variables
}
