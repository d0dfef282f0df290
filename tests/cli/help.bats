#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The program as a shell sees it: what bash completes, a reader that is gone, how soon it starts. Help,
# usage and the manuals: tests/unit/cli/test_usage.c, test_manual.c.

bats_require_minimum_version 1.5.0

load ../lib/wait

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR"
	echo '{"hosts": {"rhel01": {}, "rhel02": {}}}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
}

# Prints what bash would offer for each line, in one process; blanks at its end begin a new word.
complete_bash() { # LINE...
	bash -c '
		source <("$1" completion bash)
		PATH=${1%/*}:$PATH
		shift
		for line in "$@"; do
			read -ra COMP_WORDS <<<"$line"
			[[ $line != *" " ]] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
			_cmigrate
			printf "%s\n" "${COMPREPLY[*]}"
		done' - "$cmigrate" "$@"
}

@test "bash completes commands, options, choices, files, containers and hosts" {
	# shellcheck disable=SC2016 # a name that a shell would run
	mkdir -p root/web root/.cmigrate 'root/$(touch ${PWD}pwned)'
	touch root/file
	local -a lines=() wanted=()
	while IFS='>' read -r line text; do
		lines+=("${line//ROOT/$PWD/root}") wanted+=("$text")
	done <<-'LINES'
		cmigrate gen>generate
		cmigrate --json comp>completion
		cmigrate -c cmigrate.json comp>completion
		cmigrate help gen>generate
		cmigrate generate --rea>--read-only
		cmigrate --bun>--bundle-root
		cmigrate generate --bun>--bundle-root
		cmigrate completion z>zsh
		cmigrate generate --output cmig>cmigrate.json
		cmigrate -b ROOT generate w>web
		cmigrate -b ROOT generate >web
		cmigrate drain rhel02>rhel02
		cmigrate drain --to rhel02>rhel02
		cmigrate rebalance --by pre>pressure
		cmigrate -b ROOT move web rhel02>rhel02
		cmigrate move --strategy co>cold
		cmigrate move --strategy = co>cold
		cmigrate move --from rhel01 --strategy cold web rhel02>rhel02
	LINES
	diff <(printf '%s\n' "${wanted[@]}") <(complete_bash "${lines[@]}")
}

@test "bash completes every command and every option" {
	local verb
	local -a verbs lines
	mapfile -t verbs < <("$cmigrate" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
	[ "${#verbs[@]}" -gt 10 ]
	options() { sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/--\2/p'; }
	global=$("$cmigrate" --help | options)
	diff <(printf '%s\n' "${verbs[@]}" | sort) <(complete_bash 'cmigrate ' | tr ' ' '\n' | sort)
	lines=("${verbs[@]/#/cmigrate }")
	lines=("${lines[@]/%/ --}")
	for verb in "${verbs[@]}"; do
		"$cmigrate" "$verb" --help | options | sed "s/^/$verb /"
		printf "$verb %s\n" --help $global
	done | sort -u >wanted
	complete_bash "${lines[@]}" | awk -v verbs="${verbs[*]}" 'BEGIN { split(verbs, verb, " ") }
		{ for (i = 1; i <= NF; i++) print verb[NR], $i }' | sort -u | diff wanted -
}

@test "a reader that is gone is no crash" {
	run bash -c '"$1" completion bash | true; [ "${PIPESTATUS[0]}" -le 1 ]' - "$cmigrate"
	[ "$status" -eq 0 ]
}

@test "it starts fast" {
	local start=$EPOCHREALTIME i
	for ((i = 0; i < 10; i++)); do
		"$cmigrate" __complete drain '' >/dev/null
	done
	# Sanitizers and busy machines are slow; what is looked for is a library that takes its time.
	echo "$start $EPOCHREALTIME"
	[ $((${EPOCHREALTIME//[.,]/} - ${start//[.,]/})) -lt "$(scaled 2000000)" ]
}
