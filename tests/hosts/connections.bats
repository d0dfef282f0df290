#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Connections stay open over many moves: one that is always busy, new ones all the time, hundreds at once.
# Times are printed against the freeze of their move; what is asserted of them allows for a busy machine.
# check-all: dozens of moves each; traffic.bats has the same promises over two or three.

load lib/lab
load lib/containers
load lib/traffic

setup_file() {
	start_lab t-connections 900
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# N moves there and back, each ending a lap of the clients KEY...; sets freezes, in ms.
move_times() { # N NAME KEY...
	local from=rhel01 to=rhel02 turn summary
	freezes=()
	for ((turn = 0; turn < $1; turn++)); do
		summary=$(on "$from" cmigrate --json move "$2" "$to" | jq -c 'select(.event == "summary")')
		[[ $(jq -r '.outcome + .packets' <<<"$summary") == movedqueued ]]
		freezes+=("$(jq -r '.freeze_ms | round' <<<"$summary")")
		# The start of the next move takes the processor from those that are being answered: not part of a lap.
		on client sleep 0.2
		end_lap "${@:3}"
		read -r from to <<<"$to $from"
	done
}

# By how much WAITS were longer than the freeze of their move: prints the median, the most, and how many were
# so by 400 ms and more.
excess() { # WAITS-JSON
	jq -r -n --argjson waits "$1" --argjson freezes "[$(
		IFS=,
		echo "${freezes[*]}"
	)]" '[range($freezes | length) | $waits[.] - $freezes[.]] | sort | "\(.[length / 2 | floor]) \(.[-1]) \(map(select(. >= 400)) | length)"'
}


@test "redis: a busy connection of IPv4 and one of IPv6 live through 50 moves" {
	local key report median longest late
	make_redis cache 10.99.0.101/32 --label org.cmigrate.address=10.99.0.101/32,fd99::101/128
	start_container rhel01 cache
	start_client four incrementer 10.99.0.101 6379 four
	start_client six incrementer fd99::101 6379 six
	move_times "${CMIGRATE_TEST_MOVES:-50}" cache four six
	say "frozen, ms: ${freezes[*]}"
	for key in four six; do
		report=$(end_client $key)
		say "$key, longest wait of each move, ms: $(jq -r '.laps_ms | join(" ")' <<<"$report")"
		read -r median longest late <<<"$(excess "$(jq -c .laps_ms <<<"$report")")"
		say "$key: $(jq .replies <<<"$report") replies, longest wait beyond its move's freeze: median $median ms, at most $longest ms, 400 ms and more in $late"
		[[ $(jq .fault <<<"$report") == null ]]
		[[ $(on client redis-cli -h 10.99.0.101 get $key) == "$(jq .replies <<<"$report")" ]]
		# Held packets are there with the release; dropped ones come again after 200 ms and more.
		[[ $median -lt 150 ]]
		# Nor does the client take the restored copy's packets for old ones.
		[[ $late -le $((${#freezes[@]} / 10)) ]]
		[[ $longest -lt 5000 ]]
	done
}

# 300 new connections a second over all moves. The server's page is the name of its host.
serves_all() { # MOVES
	local report median longest _
	start_container rhel01 web
	start_client ask asker 3.33 20 http://rhel0x/
	move_times "$1" web ask
	report=$(end_client ask)
	say "frozen, ms: ${freezes[*]}"
	say "99 of 100 within, by move, ms: $(jq -r '.[0].laps | map(.p99_ms) | join(" ")' <<<"$report")"
	say "longest, by move, ms: $(jq -r '.[0].laps | map(.longest_ms) | join(" ")' <<<"$report")"
	read -r median longest _ <<<"$(excess "$(jq -c '.[0].laps | map(.p99_ms)' <<<"$report")")"
	say "99 of 100 beyond the freeze: median $median ms, at most $longest ms"
	read -r median longest _ <<<"$(excess "$(jq -c '.[0].laps | map(.longest_ms)' <<<"$report")")"
	say "longest beyond the freeze: median $median ms, at most $longest ms"
	say "later than 20 ms after the freeze of its move: $(jq -r --argjson freezes "[$(
		IFS=,
		echo "${freezes[*]}"
	)]" '.[0] | [range($freezes | length) as $i | .laps[$i].slowest_ms[] | select(. > $freezes[$i] + 20)] as $late |
		"\($late | length) of \(.requests) requests, \($late | length / $requests * 100 * 100 | round / 100) %"' \
		--argjson requests "$(jq '.[0].requests' <<<"$report")" <<<"$report")"
	say "$(jq -r '.[0] | "\(.failed) of \(.requests) failed"' <<<"$report") $(jq -c '.[0].errors' <<<"$report")"
	[[ $(jq '.[0].requests' <<<"$report") -gt 1000 ]]
	[[ $(jq '.[0].failed' <<<"$report") -eq 0 ]]
}

@test "web server with an ordinary backlog: 300 new connections a second, none fails over 20 moves" {
	local flags host
	for host in rhel01 rhel02; do
		on $host sh -c 'mkdir -p /tmp/web && uname -n >/tmp/web/index.html && cat >/tmp/web/conf' <<-'END'
			server.document-root = "/var/www/html"
			server.port = 80
			index-file.names = ("index.html")
		END
	done
	flag_args lighttpd -D -f /var/www/html/conf
	on rhel01 cmigrate generate web "${flags[@]}" "${common_flags[@]}" --bind /tmp/web:/var/www/html \
		--label org.cmigrate.endpoint=http://10.99.0.100/ --label org.cmigrate.address=10.99.0.100/32
	serves_all "${CMIGRATE_TEST_MOVES:-20}"
}

# busybox's listens with a backlog of 9: what a released queue has more of comes again after a second.
@test "web server with a short backlog: the same" {
	make_web web 10.99.0.100/32
	serves_all "${CMIGRATE_TEST_MOVES:-20}"
}

@test "200 connections and a download of 200 MB live through ten moves" {
	local flags report bytes=200000000
	flag_args python3 /srv/feeder.py 7000
	on rhel01 cmigrate generate feeder "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind \
		--label org.cmigrate.endpoint=tcp://10.99.0.102:7000 --label org.cmigrate.address=10.99.0.102/32
	start_container rhel01 feeder
	start_client crowd crowd 10.99.0.102 7000 100 100 $bytes 2000000
	move_times 10 feeder
	report=$(end_client crowd)
	say "frozen, ms: ${freezes[*]}"
	say "$report"
	[[ $(jq -c '[.opened, .alive, .downloaded, .download_ok, .faults]' <<<"$report") == "[201,200,$bytes,true,{}]" ]]
	[[ $(jq .lines <<<"$report") -gt 1000 ]]
	# The download was under way all the time.
	[[ $(jq .downloaded_during_moves <<<"$report") -gt 1000000 ]]
	[[ $(jq .downloaded_during_moves <<<"$report") -lt $bytes ]]
}
