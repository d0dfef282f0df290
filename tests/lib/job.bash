# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # the variables of tests/run
# Runs the programs of tests/run, side by side or alone, and collects their results and times.
# Shared with tests/run: $processors, $limit_s, and the counts below.

passed=0 failed=0 skipped=0
step_pid='' # of the command that runs by itself
declare -A labels=() dirs=() starts=() # by pid, of what runs
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap stop INT TERM HUP

now_ms() {
	local t=$EPOCHREALTIME
	echo $((${t%[.,]*} * 1000 + 10#${t#*[.,]} / 1000))
}

show_s() { # MS
	printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100))
}

# Counts the results in FILE's TAP, prints failures in full, and keeps the time of each test, or of the whole program
# if it reports none.
count_tap() { # LABEL STATUS FILE MS
	local counts ok bad skip
	counts=$(awk -v label="$1" -v status="$2" -v strict="${CI:+1}" -v times="$work/all-times" \
		-v ms_of_all="$4" -v failures="$work/failures" '
		function settle() {
			if (held != "") printf "%s", held > failures
			held = ""
		}
		/^1\.\.[0-9]+/ { plan = substr($0, 4) + 0; planned = 1; next }
		/^(not )?ok/ && !/^(not )?ok [0-9]/ { next }
		/^(not )?ok [0-9]/ {
			settle()
			name = $0
			sub(/^(not )?ok [0-9]+ (- )?/, "", name)
			skipped_here = /# skip/ && !/^not/
			if (match(name, / in [0-9]+ms( # skip.*)?$/)) {
				ms = substr(name, RSTART + 4) + 0
				name = substr(name, 1, RSTART - 1)
				print ms, label ": " name >> times
				timed = 1
			}
			seen++
			if (/^not/ || (skipped_here && strict)) {
				bad++
				held = "  FAILED " label ": " name (skipped_here ? " (skipped)" : "") "\n"
			} else if (skipped_here) skip++
			else ok++
			next
		}
		{ if (held != "") held = held "    " $0 "\n"; else stray = stray "    " $0 "\n" }
		END {
			settle()
			if (!planned || seen != plan || (status != 0 && !bad)) {
				bad++
				printf "  FAILED %s: ended with status %s after %d of %d tests\n%s", label, status,
					seen, plan, stray > failures
			}
			if (!timed) print ms_of_all, label >> times
			print ok + 0, bad + 0, skip + 0
		}' "$3")
	cat "$work/failures" 2>/dev/null
	rm -f "$work/failures"
	read -r ok bad skip <<<"$counts"
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
	tap_counts="$ok passed"
	[[ $bad -eq 0 ]] || tap_counts+=", $bad FAILED"
	[[ $skip -eq 0 ]] || tap_counts+=", $skip skipped"
}

# Starts a program that prints TAP. As many run at once as there are processors; it waits until one of them has ended.
begin_tap() { # LABEL COMMAND...
	local label=$1 dir
	shift
	[[ ${#labels[@]} -lt $processors ]] || end_tap
	dir=$(mktemp -d "$work/tap.XXXXXX")
	timeout --kill-after=30 "$limit_s" "$@" >"$dir/tap" 2>&1 </dev/null &
	labels[$!]=$label dirs[$!]=$dir starts[$!]=$(now_ms)
}

# Waits for one of them and reports its result.
end_tap() {
	local pid ms status=0
	wait -n -p pid "${!labels[@]}" || status=$?
	ms=$(($(now_ms) - starts[$pid]))
	count_tap "${labels[$pid]}" "$status" "${dirs[$pid]}/tap" "$ms"
	printf '  %-34s %-28s %s\n' "${labels[$pid]}" "$tap_counts" "$(show_s "$ms")"
	unset "labels[$pid]" "dirs[$pid]" "starts[$pid]"
}

end_taps() {
	while [[ ${#labels[@]} -gt 0 ]]; do
		end_tap
	done
}

# Runs one program alone.
run_tap() { # LABEL COMMAND...
	end_taps
	begin_tap "$@"
	end_taps
}

# timeout passes the signal on to everything that its command has started.
stop() {
	trap '' INT TERM HUP
	[[ ${#labels[@]} -eq 0 ]] || kill "${!labels[@]}" 2>/dev/null
	[[ -z $step_pid ]] || kill "$step_pid" 2>/dev/null
	wait
	exit 1
}

# Runs a command, its output in $work/out.
run_quietly() { # COMMAND...
	local status=0
	timeout --kill-after=30 "$limit_s" "$@" >"$work/out" 2>&1 </dev/null &
	step_pid=$!
	wait "$step_pid" || status=$?
	step_pid=''
	return "$status"
}

show_failure() { # LABEL
	failed=$((failed + 1))
	printf '  FAILED %s\n' "$1"
	sed -e '/^  [A-Z]*\t/d' -e 's/^/    /' "$work/out"
}

# Runs a command that is one test by itself.
run_step() { # LABEL COMMAND...
	local start ms
	start=$(now_ms)
	if ! run_quietly "${@:2}"; then
		show_failure "$1"
		return 1
	fi
	ms=$(($(now_ms) - start))
	passed=$((passed + 1))
	echo "$ms $1" >>"$work/all-times"
	printf '  %-34s %-28s %s\n' "$1" passed "$(show_s "$ms")"
}

# Runs a preparation that is no test of its own: its output is printed only if it fails.
need() { # COMMAND...
	run_quietly "$@" || {
		show_failure "$*"
		return 1
	}
}
