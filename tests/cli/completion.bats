#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Completion in the shells themselves: the scripts are loaded as the manual says, a line is typed, the
# tabulator pressed. What bash is offered in detail is in help.bats.

bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR"
	mkdir -p bin root/web root/db home
	ln -s "$cmigrate" bin/cmigrate
	export PATH=$PWD/bin:$PATH HOME=$PWD/home XDG_CONFIG_HOME=$PWD/home XDG_DATA_HOME=$PWD/home
	echo '{"bundle_root": "'"$PWD"'/root", "hosts": {"rhel01": {}, "other": {}}}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
}

# Prints what each line has become. Ctrl-X writes it down; it is pressed right behind the tabulator.
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
			read -ra COMP_WORDS <<<"$1"
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$1 COMP_POINT=${#1}
			"$(complete -p cmigrate | sed "s/.*-F \([^ ]*\) .*/\1/")"
			printf "%s %s\n" "${1% *}" "${COMPREPLY[*]}"' - "$line"
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
)

@test "bash completes commands, options, choices, hosts and containers" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_bash "${lines[@]}" | sed 's/[= ]*$//')
}

@test "zsh completes the same" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_zsh "${lines[@]}" | sed 's/[= ]*$//')
}

@test "fish completes the same" {
	diff <(printf '%s\n' "${completed[@]}") <(typed_in_fish "${lines[@]}" | sed 's/[= ]*$//')
}

@test "zsh and fish can read all of it" {
	"$cmigrate" completion zsh >_cmigrate
	zsh -n _cmigrate
	"$cmigrate" completion fish >c.fish
	fish --no-config --no-execute c.fish
	# As a package installs it: from the function path, without being sourced.
	mkdir f && mv _cmigrate f/
	zsh -f -c 'fpath=(f $fpath); autoload -Uz compinit; compinit -u -D; [[ $_comps[cmigrate] == _cmigrate ]]'
}
