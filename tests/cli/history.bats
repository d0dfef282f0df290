#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# history: the records of moves between stubs (tests/cli/stubs), as a page and as metrics. Table, objects and
# options: tests/unit/cli/test_history_table.c.

bats_require_minimum_version 1.5.0
load lib/stubs
load ../lib/browser

setup() {
	set_up_stubs
	file=root/web/.cmigrate/history
}

configure() { # [MORE]
	echo '{"hosts": {"hosta": {}, "hostb": {}}, "bundle_root": "'"$STUB_ROOT"'"'"${1:-}"'}' >cmigrate.json
}

moves() { # HOST [OPTION...]
	runs move --skip-check "$skips" "${@:2}" web "$1"
}

history() {
	runs history "$@"
}

# Writes a number of records, an hour apart, up to now.
past() { # COUNT [NAME] [JSON]
	local i id now more=${3:-}
	[[ -n $more ]] || more='{}'
	now=$(date +%s)
	mkdir -p "root/${2:-web}/.cmigrate"
	for ((i = $1; i > 0; i--)); do
		id=$(date -u -d "@$((now - i * 3600))" +%Y%m%dT%H%M%S)-$(printf %08x "$i")
		jq -c -n --arg id "$id" --arg name "${2:-web}" --argjson more "$more" \
			--arg started "$(date -u -d "@$((now - i * 3600))" +%Y-%m-%dT%H:%M:%SZ)" '
			{id: $id, started: $started, controller: "hosta", container: $name, source: "hosta",
			 destination: "hostb", strategy: "cold", outcome: "moved", exit_code: 0, outage_ms: 121,
			 freeze_ms: 100, total_ms: 600, freeze_start_ms: 200, memory_bytes: 1048576,
			 steps: [{name: "prepare", start_ms: 0, ms: 90, frozen: false},
			 	{name: "dump", start_ms: 200, ms: 100, frozen: true}], passes: []} + $more'
	done >>"root/${2:-web}/.cmigrate/history"
}

# bats test_tags=all
@test "a move and one that is undone: a record each, of mode 0600" {
	moves hostb
	[ "$status" -eq 0 ]
	: >stub/hosta/restore-fails
	moves hosta --keep-logs
	[ "$status" -eq 4 ]
	history --json web
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	jq -e -s '(.[0] | .container == "web" and .source == "hosta" and .destination == "hostb" and
			.outcome == "moved" and .exit_code == 0 and .freeze_ms > 0 and .strategy == "cold" and
			(.steps | length) > 5 and .error == null and .settled == null and .logs == null and
			(has("event") | not) and (.started | fromdate) <= now and (.started | fromdate) > now - 600) and
		(.[1] | .source == "hostb" and .outcome == "undone" and .exit_code == 4 and
			(.error | contains("the restore failed")) and .logs == "'"$STUB_ROOT"'/web/.cmigrate/logs-" + .id) and
		(map(.controller) | unique) == ["'"$(uname -n)"'"]' <<<"$output"
	[ "$(stat -c %a "$file")" = 600 ]
	[ "$(stat -c %a root/web/.cmigrate)" = 700 ]
}

# bats test_tags=all
@test "a refusal is no move" {
	echo running >stub/hostb/state
	moves hostb --from hosta
	[ "$status" -eq 3 ]
	[ ! -e "$file" ]
}

# bats test_tags=all
@test "a record is written only after the move or its undo, never during the freeze" {
	CMIGRATE_FAULT=clean:before moves hostb
	[ "$status" -eq 137 ]
	[ ! -e "$file" ]
	"$cmigrate" recover web
	: >stub/hosta/restore-fails
	rm "$file"
	CMIGRATE_FAULT=prepare:undo moves hosta
	[ "$status" -eq 137 ]
	[ ! -e "$file" ]
}

# bats test_tags=all
@test "an interrupted move: recover writes its record, in time with the move" {
	CMIGRATE_FAULT=restore:after moves hostb
	[ "$status" -eq 137 ]
	[ ! -e "$file" ]
	"$cmigrate" recover web
	history --json
	jq -e -s 'length == 1 and (.[0] | .outcome == "moved" and .controller == null and
		.settled_on == "'"$(uname -n)"'" and (.settled | fromdate) >= (.started | fromdate))' <<<"$output"
}

# bats test_tags=all
@test "in doubt, then settled: one row" {
	CMIGRATE_FAULT=restore:after moves hostb
	: >stub/off-hostb
	run "$cmigrate" recover web
	[ "$status" -eq 6 ]
	history --json
	jq -e '.outcome == "in-doubt" and .settled == null and (.error | length) > 0' <<<"$output"
	rm stub/off-hostb
	"$cmigrate" recover web
	history --json
	jq -e -s 'length == 1 and .[0].outcome == "moved" and .[0].settled != null' <<<"$output"
}

# bats test_tags=all
@test "a fenced source: the record is written next to the journal" {
	CMIGRATE_FAULT=restore:after moves hostb
	: >stub/off-hosta
	run "$cmigrate" recover web
	"$cmigrate" recover web --fenced hosta
	history --json
	jq -e -s 'length == 1 and .[0].outcome == "moved" and .[0].settled != null' <<<"$output"
	# The process that waits on the fenced host for a verdict ends with the test.
	echo open >stub/hosta/run/cmigrate/web/word
	timeout "$(scaled 5)" sh -c 'echo woken >stub/hosta/run/cmigrate/web/verdict'
}

# bats test_tags=all
@test "a record that can't be written fails no move" {
	mkdir -p "$file/in-the-way"
	moves hostb
	[ "$status" -eq 0 ]
	[[ $stderr == *'the move is not in the history: '* ]]
	[ "$(cat stub/hostb/state)" = running ]
	[ ! -e root/web/.cmigrate/journal ]
}

# bats test_tags=all
@test "a damaged record causes one warning, and is gone after the next move" {
	past 3
	sed -i '2s/.*/{"id": 7}/' "$file"
	history web
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 3 ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"$file': 1 damaged lines are left out" ]]
	moves hostb
	[ "$status" -eq 0 ]
	[[ $stderr == *'had 1 damaged lines'* ]]
	history
	[ "${#lines[@]}" -eq 4 ]
	[ -z "$stderr" ]
}

# bats test_tags=all
@test "the last hundred are kept, and the others counted" {
	past 100
	moves hostb
	[ "$status" -eq 0 ]
	history --json
	[ "${#lines[@]}" -eq 100 ]
	history --metrics -
	grep -x 'cmigrate_moves_total{container="web",outcome="moved"} 101' <<<"$output"
}

# bats test_tags=all
@test "metrics: on request, and by the configuration after each move" {
	past 2
	configure ', "metrics": "'"$PWD"'/cmigrate.prom"'
	moves hostb --quiet
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(stat -c %a cmigrate.prom)" = 644 ]
	is_metrics cmigrate.prom
	grep -x 'cmigrate_moves_total{container="web",outcome="moved"} 3' cmigrate.prom
	grep -x 'cmigrate_last_move_info{container="web",source="hosta",destination="hostb",strategy="cold",outcome="moved"} 1' cmigrate.prom
	grep -E -x 'cmigrate_last_move_freeze_seconds\{container="web"\} [0-9]+\.[0-9]{4}' cmigrate.prom
	run ! compgen -G '.cmigrate.*'
	history --metrics other.prom
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	cmp other.prom cmigrate.prom
	# A wrong file is noticed.
	sed '$p' cmigrate.prom >twice.prom
	run ! is_metrics twice.prom
}

# bats test_tags=all
@test "metrics: a refusal and a plan change nothing, and a drain writes them once, at its end" {
	configure ', "metrics": "'"$PWD"'/cmigrate.prom"'
	refuses 3 'hosta already' "$cmigrate" move web hosta
	moves hostb --dry-run
	[ "$status" -eq 0 ]
	[ ! -e cmigrate.prom ]
	CMIGRATE_MOVE_NUMBER=1 moves hostb
	[ "$status" -eq 0 ]
	[ ! -e cmigrate.prom ]
	runs drain --skip-check "$skips" hostb
	[ "$status" -eq 0 ]
	grep -x 'cmigrate_moves_total{container="web",outcome="moved"} 2' cmigrate.prom
}

# bats test_tags=all
@test "metrics are right after a crash: recover writes them" {
	configure ', "metrics": "'"$PWD"'/cmigrate.prom"'
	CMIGRATE_FAULT=restore:after moves hostb
	[ ! -e cmigrate.prom ]
	"$cmigrate" recover web
	is_metrics cmigrate.prom
	grep -x 'cmigrate_moves_total{container="web",outcome="moved"} 1' cmigrate.prom
}

# bats test_tags=all
@test "metrics that can't be written fail no move" {
	configure ', "metrics": "'"$PWD"'/nowhere/cmigrate.prom"'
	moves hostb --quiet
	[ "$status" -eq 0 ]
	[[ $stderr == 'cmigrate: metrics: '*nowhere* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
	configure ', "metrics": "relative.prom"'
	moves hosta
	[ "$status" -eq 2 ]
	[[ $stderr == *metrics* ]]
}

@test "a page: whole, replaced at once, also on standard output" {
	past 3
	echo old >page.html
	history --html page.html
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
	[ "$(stat -c %a page.html)" = 644 ]
	[ "$(tail -n 1 page.html)" = '</html>' ]
	run "$cmigrate" history --html -
	local written='s/"written":"[^"]*"//'
	[ "$(sed "$written" <<<"$output")" = "$(sed "$written" page.html)" ]
	history --html nowhere/page.html
	[ "$status" -eq 1 ]
	history web --move last --html page.html
	[ "$(grep -o '"freeze_start_ms":' page.html | wc -l)" -eq 1 ]
}

@test "a page in a browser: each move with its timeline, and nothing on the console" {
	local id
	past 3
	# Texts of hosts stay texts. Values out of bounds are drawn at the edge.
	past 1 db '{"outcome": "undone", "error": "</script><script>console.error(1)</script><!--<img src=x>&amp;",
		"answered_by": "<img src=x>", "warnings": [{"check": "timers", "message": "<img> may stop", "remedy": "set it"},
		{"check": "hooks"}], "steps": [{"name": "<step>", "start_ms": 0, "ms": 1e12, "frozen": false},
		{"name": "late", "start_ms": 1e12, "ms": 1e12, "frozen": true}]}'
	history --html page.html
	dom_of "$PWD/page.html" >dom
	for id in $(jq -r .id "$file" root/db/.cmigrate/history); do
		grep -F "<article class=\"card\" id=\"m-$id\">" dom
		grep -F "<a href=\"#m-$id\">" dom
		grep -F "<title id=\"t-$id\">" dom
	done
	[ "$(grep -o '<svg' dom | wc -l)" -eq 5 ]
	[ "$(grep -c '<script' dom)" -eq 2 ]
	run ! grep -E '<img|<step>|NaN|Infinity|undefined|(width|height)="-' dom
	grep -F '<bdi>&lt;/script&gt;&lt;script&gt;console.error(1)&lt;/script&gt;&lt;!--&lt;img src=x&gt;&amp;amp;</bdi>' dom
	grep -F '<b>3 of 4</b>' dom
	grep -F '<p class="warned">Warning of check timers: <bdi>&lt;img&gt; may stop</bdi>; <bdi>set it</bdi></p><p class="warned">Warning of check hooks</p>' dom
	# A page with an error in it does not pass.
	sed 's#</body>#<script>throw 1</script>&#' page.html >broken.html
	run ! dom_of "$PWD/broken.html"
	[[ $output == *CONSOLE* ]]
}

@test "a page in a browser: bars to scale, figures as in the table, and a note if there is no move" {
	past 1 web '{"total_ms": 667, "outage_ms": 133.5, "freeze_ms": 127.3, "freeze_start_ms": 150, "memory_bytes": 1048576,
		"steps": [{"name": "half", "start_ms": 333.5, "ms": 333.5, "frozen": false},
		{"name": "dump", "start_ms": 150, "ms": 127.2, "frozen": true}]}'
	history --html page.html
	dom_of "$PWD/page.html" >dom
	# Half of 667 ms on a ruler from x = 132 to 876, then the outage on its own ruler.
	grep -F '>half</text><rect class="r" x="504" width="372"' dom
	grep -F '>frozen</text><rect class="f" x="132" width="709.45"' dom
	grep -F '<td class="n">134 ms</td><td class="n">127 ms</td><td class="n">667 ms</td><td class="n">1M</td>' dom
	rm -r root/*/.cmigrate/history
	history --html page.html
	dom_of "$PWD/page.html" >dom
	grep -F 'No move is recorded yet' dom
	[ "$(grep -c '<svg' dom)" -eq 0 ]
}
