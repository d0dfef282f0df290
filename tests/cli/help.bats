#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The outer shape of the program: help, version, wrong usage, completion, and the manual beside it.

bats_require_minimum_version 1.5.0

load lib/refuses

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR"
	echo '{"hosts": {"rhel01": {}, "rhel02": {}}}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
}

# The machine's own plays no part.
without_system_configuration() { # WORD...
	if [ -d /etc/cmigrate ]; then
		unshare -m sh -c 'mount -t tmpfs none /etc/cmigrate && exec "$@"' sh "$cmigrate" "$@"
	else
		"$cmigrate" "$@"
	fi
}

verbs() {
	"$cmigrate" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# The long options that a help text on stdin lists.
options() {
	sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' | sort -u
}

# The part of the manual from one heading to the next.
manual_section() { # MACRO TITLE
	awk -v macro=".$1" -v title="$2" '
		/^\.S[hs] / { inside = ($1 == macro && ($2 == title || substr($0, 5) == title)) }
		inside' "$top/man/cmigrate.1"
}

# The long options that have an entry of their own in manual text on stdin.
manual_options() {
	sed -n '/^\.It Fl/s/.*Fl -\([a-z-]*\).*/\1/p' | grep -v '^help$' | sort -u
}

manual_verb_options() { # VERB
	local of
	of=$(manual_section Ss "$1" | sed -n 's/^\.\\" OPTIONS OF //p')
	manual_section Ss "${of:-$1}" | manual_options
}

@test "without a command: usage on stderr, exit code 2" {
	run --separate-stderr "$cmigrate"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == "usage: cmigrate "*generate* ]]
}

@test "help on stdout, exit code 0, by every name it has" {
	"$cmigrate" --help >a 2>err
	"$cmigrate" -h >b 2>>err
	"$cmigrate" help >c 2>>err
	"$cmigrate" --json --help >d 2>>err
	cmp a b && cmp a c && cmp a d
	[ ! -s err ]
	[ -n "$(verbs)" ]
}

@test "help of a command, by every name it has" {
	for verb in $(verbs); do
		"$cmigrate" "$verb" --help >a
		"$cmigrate" help "$verb" >b
		"$cmigrate" "$verb" some arguments --help >c
		cmp a b && cmp a c
		head -n 1 a | grep -q "^usage: cmigrate .* $verb"
	done
}

@test "help fits 80 columns and has no blanks at line ends" {
	{
		"$cmigrate" --help
		for verb in $(verbs); do "$cmigrate" "$verb" --help; done
	} >all
	run grep -nE '^.{80,}$|[[:blank:]]$' all
	echo "$output"
	[ "$status" -eq 1 ]
}

@test "help needs no configuration" {
	CMIGRATE_CONFIG=/nowhere "$cmigrate" --help
	CMIGRATE_CONFIG=/nowhere "$cmigrate" generate --help
	CMIGRATE_CONFIG=/nowhere "$cmigrate" completion bash
	CMIGRATE_CONFIG=/nowhere refuses 2 "can't read '/nowhere'" "$cmigrate" generate
}

@test "without a configuration: what is missing, as an object with --json; an empty CMIGRATE_CONFIG is none" {
	cd "$BATS_TEST_TMPDIR"
	for empty in '' unset; do
		if [ "$empty" = unset ]; then unset CMIGRATE_CONFIG; else export CMIGRATE_CONFIG=; fi
		refuses 2 'no configuration names hosts; ' without_system_configuration drain hosta
		run --separate-stderr without_system_configuration --json drain hosta
		[ "$status" -eq 2 ]
		jq -e '.event == "error" and .exit_code == 2 and (.error | contains("no configuration"))' <<<"$output"
	done
}

@test "wrong usage is an object too with --json" {
	for words in '--json bogus' 'list --json --nonsense' 'generate --json --memory x' '--json --bogus list'; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr "$cmigrate" $words
		echo "$words: $status $output"
		[ "$status" -eq 2 ]
		jq -e '.event == "error" and .exit_code == 2 and (.error | length > 0)' <<<"$output"
		[[ $stderr == 'cmigrate: '* ]]
	done
}

@test "the version" {
	run --separate-stderr "$cmigrate" --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^cmigrate\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$("$cmigrate" generate --version)" = "$output" ]
}

@test "an unknown command names the nearest" {
	refuses 2 "unknown command 'genrate'; did you mean 'generate'?" "$cmigrate" genrate
	refuses 2 "unknown command 'compl'; did you mean 'completion'?" "$cmigrate" compl
	refuses 2 "unknown command 'xyzzy'; try 'cmigrate --help'" "$cmigrate" xyzzy
	refuses 2 "unknown command 'genrate'" "$cmigrate" help genrate
	refuses 2 "unknown command ''" "$cmigrate" ''
}

@test "too many and too few arguments" {
	refuses 2 "usage: cmigrate generate [OPTIONS] [NAME]" "$cmigrate" generate a b
	refuses 2 "usage: cmigrate completion bash|zsh|fish" "$cmigrate" completion
	for verb in $(verbs); do
		case $("$cmigrate" "$verb" --help | head -n 1) in
		*"$verb [OPTIONS] NAME DEST") refuses 2 "usage: cmigrate $verb" "$cmigrate" "$verb" a ;;
		*"$verb [OPTIONS] NAME") refuses 2 "usage: cmigrate $verb" "$cmigrate" "$verb" ;;
		esac
	done
}

@test "unknown options, before and behind the command" {
	refuses 2 "unknown option '--jsn'; did you mean '--json'?" "$cmigrate" --jsn generate
	refuses 2 "unknown option '--quite'; did you mean '--quiet'?" "$cmigrate" generate --quite
	refuses 2 "unknown option '-x'" "$cmigrate" -x generate
}

@test "global options are understood before and behind the command" {
	mkdir root
	"$cmigrate" -b "$PWD/root" generate one
	"$cmigrate" generate two -b "$PWD/root"
	"$cmigrate" -b /nowhere generate --quiet --bundle-root="$PWD/root" three
	echo '{"bundle_root": "'"$PWD/root"'"}' >other.json
	"$cmigrate" generate four -c other.json
	[ "$(ls root | tr '\n' ' ')" = 'four one three two ' ]
	refuses 2 "can't read 'none.json'" "$cmigrate" generate -c none.json
}

@test "a result that can't be written is exit code 1 with a message" {
	for words in --help --version 'completion bash' 'generate --help' generate; do
		# shellcheck disable=SC2086
		refuses 1 "can't write 'standard output': No space left on device" \
			bash -c '"$@" >/dev/full' - "$cmigrate" $words
	done
}

@test "a reader that is gone is no crash" {
	run bash -c '"$1" completion bash | true; [ "${PIPESTATUS[0]}" -le 1 ]' - "$cmigrate"
	[ "$status" -eq 0 ]
}

@test "every command and option is in the manual, and no other" {
	diff <(verbs | sort) <(awk '$1 == ".Ss" { print $2 }' "$top/man/cmigrate.1" | sort)
	diff <("$cmigrate" --help | options) <(manual_section Sh 'GLOBAL OPTIONS' | manual_options)
	for verb in $(verbs); do
		echo "$verb:"
		diff <("$cmigrate" "$verb" --help | options) <(manual_verb_options "$verb")
	done
}

@test "every check is in the manual, and no other" {
	diff <(sed -n 's/^\t{"\([a-z-]*\)", CHECK_[EW].*/\1/p' "$top/src/check/preflight.c" | sort) \
		<(manual_section Sh CHECKS | sed -n 's/^\.It //p' | sort)
}

@test "every key of the configuration is in the manual, and its example is one" {
	sed -n '/^\.Bd/,/^\.Ed/p' "$top/man/cmigrate-config.5" | sed '1d;$d' >example.json
	"$cmigrate" -c example.json generate >/dev/null
	diff <(sed -n 's/^\.It Cm //p' "$top/man/cmigrate-config.5" | grep -v '^hosts$' | sort) \
		<(jq -r 'paths(type != "object") | map(strings) | join(".")' example.json |
			sed 's/^hosts\.[^.]*\./hosts.NAME./' | sort -u)
	# A key that the program knows and the manual doesn't would be missing here.
	for key in $(sed -n 's/.*known\[\] = {\(.*\)/\1/p;s/^[[:blank:]]*\("[a-z_]*", .*NULL};\)/\1/p' \
		"$top/src/host/config.c" | grep -o '"[a-z_]*"' | tr -d '"'); do
		grep -qE "^\.It Cm (.*\.)?$key(\.|$)" "$top/man/cmigrate-config.5" ||
			[[ $key =~ ^(ssh|move|rebalance|hooks|auto|cold|hybrid)$ ]]
	done
}

# Prints what bash would offer behind these words; the last one is the one to complete.
complete_bash() {
	bash -c '
		source <("$1" completion bash)
		PATH=$(dirname "$1"):$PATH
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_cmigrate
		printf "%s\n" "${COMPREPLY[@]}"' - "$cmigrate" "$@"
}

@test "bash completes commands" {
	[ "$(complete_bash cmigrate gen)" = generate ]
	[ "$(complete_bash cmigrate --json comp)" = completion ]
	[ "$(complete_bash cmigrate -c cmigrate.json comp)" = completion ]
	[ "$(complete_bash cmigrate help gen)" = generate ]
	diff <(complete_bash cmigrate '' | sort) <(verbs | sort)
	for verb in $(verbs); do
		complete_bash cmigrate "${verb:0:3}" | grep -qx -- "$verb"
	done
}

@test "bash completes options" {
	[ "$(complete_bash cmigrate generate --rea)" = --read-only ]
	[ "$(complete_bash cmigrate --bun)" = --bundle-root ]
	[ "$(complete_bash cmigrate generate --bun)" = --bundle-root ]
	for verb in $(verbs); do
		diff <(complete_bash cmigrate "$verb" -- | sort -u) \
			<({ "$cmigrate" "$verb" --help | options; "$cmigrate" --help | options; echo help; } |
				sed 's/^/--/' | sort -u)
	done
}

@test "bash completes values: choices, files, containers, hosts" {
	[ "$(complete_bash cmigrate completion z)" = zsh ]
	[ "$(complete_bash cmigrate generate --output cmig)" = cmigrate.json ]
	# shellcheck disable=SC2016 # a name that a shell would run
	mkdir -p root/web root/db root/.cmigrate 'root/$(touch ${PWD}pwned)'
	touch root/file
	[ "$(complete_bash cmigrate -b "$PWD/root" generate w)" = web ]
	[ "$(complete_bash cmigrate -b "$PWD/root" generate '' | sort | tr '\n' ' ')" = 'db web ' ]
	[ "$("$cmigrate" completion --hosts | tr '\n' ' ')" = 'rhel01 rhel02 ' ]
	[ "$(complete_bash cmigrate drain rhel02)" = rhel02 ]
	[ "$(complete_bash cmigrate drain --to rhel02)" = rhel02 ]
	[ "$(complete_bash cmigrate rebalance --by pre)" = pressure ]
	if verbs | grep -qx move; then
		[ "$(complete_bash cmigrate -b "$PWD/root" move web rhel02 | tr '\n' ' ')" = 'rhel02 ' ]
		[ "$(complete_bash cmigrate move --strategy co)" = cold ]
		[ "$(complete_bash cmigrate move --strategy = co)" = cold ]
		[ "$(complete_bash cmigrate move --from rhel01 --strategy cold web rhel02)" = rhel02 ]
	fi
}

@test "zsh and fish have every command and option" {
	for shell in zsh fish; do
		"$cmigrate" completion "$shell" >script
		for verb in $(verbs); do
			grep -q -- "$verb" script
			for option in $("$cmigrate" "$verb" --help | options); do
				grep -qE -- "(--|-l )$option" script
			done
		done
	done
	refuses 2 "'tcsh' is none of bash, zsh, fish" "$cmigrate" completion tcsh
}

@test "it starts fast" {
	local start=$EPOCHREALTIME i
	for ((i = 0; i < 20; i++)); do
		"$cmigrate" completion --hosts >/dev/null
	done
	# Sanitizers and busy machines are slow; what is looked for is a library that takes its time.
	echo "$start $EPOCHREALTIME"
	[ $((${EPOCHREALTIME//[.,]/} - ${start//[.,]/})) -lt 4000000 ]
}
