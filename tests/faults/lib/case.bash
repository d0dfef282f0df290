# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the lane's variables
# One row: what is looked at before and after, and its verdict.

flaw() { # TEXT
	flaws+=("$1")
}

# A line of the plan. The functions fault_KIND in cases/ find its values in these variables, and besides: point,
# STEP:WHEN; src and dst; hit, the host that is the side; on_host, the one whose shared directory a third host uses.
run_row() { # LINE
	local kind form side step when strategy transport controller detail point src dst hit on_host=rhel01
	local copies_wanted=1 may_lose='' other
	IFS=$'\t' read -r kind form side step when strategy transport controller detail name <<<"$1"
	point=$step:$when
	other_than "$here"
	src=$here dst=$other hit=$dst
	[[ $side != source ]] || hit=$src
	flaws=() move_code=- recover_code=- remark=''
	heard=0
	client_hears $((10 * slow)) || flaw "the counter did not answer before"
	before=$heard
	count_lines losses "$work/losses"
	count_lines doubles "$work/doubles"
	"fault_$kind"
}

count_lines() { # VARIABLE FILE
	local -a lines
	mapfile -t lines <"$2"
	printf -v "$1" %d "${#lines[@]}"
}

expect_code() { # WHAT CODE EXPECTED...
	local code
	for code in "${@:3}"; do
		[[ $2 != "$code" ]] || return 0
	done
	flaw "$1 ended with $2 instead of ${*:3}: $(tail -n 2 "$work/$1.out" | tr '\n' ' ' | cut -c 1-500)"
}

# What is on a host, once nothing of a move is left there or the time is up: an agent whose controller was cut off
# ends after 20 s.
look_at() { # HOST
	on "$1" /opt/cmigrate/tests/faults/programs/leftovers counter "$address" $((25 * slow)) >"$work/left-$1" 2>&1
}

check_hosts() {
	local host state has left copies=0
	local -a lines
	look_at rhel01 &
	look_at rhel02
	wait $!
	for host in rhel01 rhel02; do
		mapfile -t lines <"$work/left-$host"
		read -r state has <<<"${lines[0]:-}"
		if [[ $state != none ]]; then
			copies=$((copies + 1))
			here=$host
			[[ $state == running ]] || flaw "$host: the copy is $state"
			[[ $has == yes ]] || flaw "$host: state $state, address: $has"
		elif [[ $has != no ]]; then
			flaw "$host: state $state, address: $has"
		fi
		for left in "${lines[@]:1}"; do
			flaw "$host: left $left"
		done
	done
	[[ $copies -eq $copies_wanted ]] || flaw "$copies copies"
	[[ -z ${must_be:-} || $here == "$must_be" ]] || flaw "runs on $here instead of $must_be"
}

# An answer from the host that the copy runs on, and no value that had been given before. What a copy
# acknowledged that was lost with its host (may_lose) can't be known any more.
check_counter() {
	local line
	local -a lines
	if [[ $copies_wanted -eq 0 ]]; then
		heard=-
		return
	fi
	heard=0 heard_from=nobody
	client_hears $((8 * slow)) || flaw "the counter does not answer"
	[[ $heard_from == "$here" ]] || flaw "$heard_from answers instead of $here"
	mapfile -t -s "$losses" lines <"$work/losses"
	for line in "${lines[@]}"; do
		if [[ -n $may_lose && $line == *" $may_lose "* ]]; then
			remark="what $may_lose had acknowledged went with it"
		else
			flaw "lost: $line"
		fi
	done
	[[ $heard -gt $before || -n $may_lose ]] || flaw "counted back from $before to $heard"
}

check_observer() {
	local -a lines
	mapfile -t -s "$doubles" lines <"$work/doubles"
	# A rehearsal's copy has processes beside the source's, in which only CRIU's own code runs.
	[[ $strategy != rehearsal ]] || lines=()
	[[ ${#lines[@]} -eq 0 ]] || flaw "two copies: ${lines[*]::3}"
	kill -0 "$observer_pid" 2>/dev/null || flaw "the observer has ended: $(tail -n 3 "$work/observer.err")"
}

# Looks at everything and prints the verdict.
finish() { # [HOST it must be on]
	local must_be=${1:-} status=pass text=ok flaw
	check_hosts
	check_counter
	check_observer
	if [[ ${#flaws[@]} -gt 0 ]]; then
		status=fail text=FAILED
	fi
	row "$status" "${remark:+$text: }${remark:-$text}"
	for flaw in "${flaws[@]}"; do
		printf 'more\t-\t    %s\n' "$flaw"
	done
	if [[ $status == fail ]]; then
		if [[ -n ${FAULTS_KEEP:-} ]]; then
			sed 's/^/more\t-\t    move: /' "$work/move.out"
			sed 's/^/more\t-\t    recover: /' "$work/recover.out"
		fi
		container_reset || printf 'more\t-\t    no new start either\n'
	fi
}

# Where the exit code alone says what became of it: the copy is there, or here again.
settle_by_code() { # [HOST it is recovered to]
	case $move_code in
	0) finish "$dst" ;;
	6)
		recovers 0
		finish "${1:-}"
		;;
	*) finish "$src" ;;
	esac
}

row() { # pass|fail TEXT
	printf 'row\t%s\t%-58s %-12s %5s %8s  %-7s %8s %8s  %s\n' "$1" "$name" "$controller" "$move_code" \
		"$recover_code" "$here" "$before" "$heard" "$2"
}
