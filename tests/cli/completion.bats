#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completion in the shells themselves: the stubs are loaded as the manual says, a line is typed, and the
# tab key is pressed. tests/unit/cli/test_completion.c tests the words that are offered.

bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR"
	mkdir -p bin root/web root/db root/.cmigrate other/lonely home
	# shellcheck disable=SC2016 # a name that a shell would run
	mkdir 'root/w$(touch pwned)' 'root/w;touch pwned'
	ln -s "$cmigrate" bin/cmigrate
	export PATH=$PWD/bin:$PATH HOME=$PWD/home XDG_CONFIG_HOME=$PWD/home XDG_DATA_HOME=$PWD/home
	echo '{"bundle_root": "'"$PWD"'/root", "hosts": {"rhel01": {}, "other": {}}}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
}

# Prints each completed line. Ctrl-X, pressed right after the tab key, writes it down.
typed_in_zsh() { # LINE...
	cat >driver <<-'END'
		zmodload zsh/zpty zsh/zselect
		lines_told() { zpty -rt shell; zselect -t 1; [[ $(wc -l 2>/dev/null <typed) -ge $1 ]] }
		zpty shell zsh -f -i
		zpty -w shell 'PS1= RPS1=; unsetopt beep; autoload -Uz compinit; compinit -u -D'
		zpty -w shell 'source <(cmigrate completion zsh)'
		zpty -w shell 'told() { print -r -- "$BUFFER" >>typed; BUFFER=; }; zle -N told; bindkey "^X" told'
		zpty -w shell 'print ready >typed'
		until lines_told 1; do :; done
		told=1
		for line in "$@"; do
			zpty -n -w shell "$line"$'\t\x18'
			told=$((told + 1))
			until lines_told $told; do :; done
		done
		zpty -d shell
	END
	timeout 60 zsh -f driver "$@" >log 2>&1 </dev/null || cat log >&2
	sed 1d typed
}

typed_in_bash() { # LINE...
	local line
	for line in "$@"; do
		bash --norc -c '
			source <(cmigrate completion bash)
			IFS=" " read -ra COMP_WORDS <<<"${1//=/ = }"
			[[ $1 == *" " ]] && COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
			"$(complete -p cmigrate | sed "s/.*-F \([^ ]*\) .*/\1/")"
			kept=${1% *}; [[ $1 == *=* ]] && kept=${1%=*}=
			printf "%s %s\n" "$kept" "${COMPREPLY[*]}"' - "$line" | sed 's/= /=/'
	done
}

typed_in_fish() { # LINE...
	local line
	for line in "$@"; do
		printf '%s %s\n' "${line% *}" "$(fish --no-config -c 'cmigrate completion fish | source
			complete -C "$argv[1]"' "$line" | cut -f1 | tr '\n' ' ' | sed 's/ $//')"
	done
}

lines=(
	'cmigrate gene'
	'cmigrate gate'
	'cmigrate move --keep-i'
	'cmigrate --verb'
	'cmigrate stop --time'
	'cmigrate move w'
	'cmigrate move web rh'
	'cmigrate move --if-silent ke'
	'cmigrate run --on oth'
	'cmigrate completion z'
	'cmigrate help reco'
	'cmigrate move --strategy=pos'
	'cmigrate generate --output cmig'
	'cmigrate generate --output=cmig'
	'cmigrate move --bundle-root ro'
	'cmigrate -b other move lon'
)
completed=(
	'cmigrate generate'
	'cmigrate gate-keeper'
	'cmigrate move --keep-images'
	'cmigrate --verbose'
	'cmigrate stop --timeout'
	'cmigrate move web'
	'cmigrate move web rhel01'
	'cmigrate move --if-silent keep'
	'cmigrate run --on other'
	'cmigrate completion zsh'
	'cmigrate help recover'
	'cmigrate move --strategy=post-copy'
	'cmigrate generate --output cmigrate.json'
	'cmigrate generate --output=cmigrate.json'
	'cmigrate move --bundle-root root'
	'cmigrate -b other move lonely'
)

@test "bash completes commands, options, choices, hosts and containers" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_bash "${lines[@]}" | sed 's/[=\/ ]*$//')
}

@test "zsh completes the same" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_zsh "${lines[@]}" | sed 's/[=\/ ]*$//')
}

@test "fish completes the same" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_fish "${lines[@]}" | sed 's/[=\/ ]*$//')
}

@test "each command and each option of its help is offered" {
	local verb help
	help=$("$cmigrate" --help)
	diff <("$cmigrate" __complete '' | cut -f1) <(sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$help")
	for verb in $("$cmigrate" __complete '' | cut -f1); do
		diff <("$cmigrate" __complete -- "$verb" -- | cut -f1 | sort) \
			<({ "$cmigrate" "$verb" --help; echo "$help"; echo '  --help'; } |
				grep -oE '^ {2,6}(-., )?--[a-z-]+' | grep -o -- '--.*' | sort -u)
	done
}

@test "a directory's name that a shell would execute is never offered" {
	diff - <("$cmigrate" __complete move '') <<<$'db\nweb' || diff - <("$cmigrate" __complete move '') <<<$'web\ndb'
	typed_in_bash 'cmigrate move ' 'cmigrate move w'
	typed_in_zsh 'cmigrate move w'
	typed_in_fish 'cmigrate move w'
	[ ! -e pwned ]
}

@test "zsh finds the stub as a package installs it" {
	# On the function path, without being sourced.
	mkdir f && "$cmigrate" completion zsh >f/_cmigrate
	zsh -f -c 'fpath=(f $fpath); autoload -Uz compinit; compinit -u -D; [[ $_comps[cmigrate] == _cmigrate ]]'
}
