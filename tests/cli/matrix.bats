#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The rule that keeps tests/faults/matrix short (tests/faults/plan.py), tested from outside.

setup_file() {
	plan=$BATS_TEST_DIRNAME/../faults/matrix
	"$plan" --plan >"$BATS_FILE_TMPDIR/reduced"
	FAULTS=all "$plan" --plan >"$BATS_FILE_TMPDIR/full"
	"$plan" --vm --plan >"$BATS_FILE_TMPDIR/vm-reduced"
	FAULTS=all "$plan" --vm --plan >"$BATS_FILE_TMPDIR/vm-full"
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
	cat >rule.py <<'END'
import itertools, sys

FIELDS = "kind form side step when strategy transport controller detail name".split()


def read(path):
    with open(path, encoding="utf-8") as f:
        return [dict(zip(FIELDS, line.rstrip("\n").split("\t"), strict=True)) for line in f]


def meet(row):
    paired = [(f, row[f]) for f in ("kind", "side", "step", "when", "strategy", "transport", "controller")]
    found = {pair for pair in itertools.combinations(paired, 2) if "-" not in (pair[0][1], pair[1][1])}
    found.add(("form of", row["kind"], row["form"]))
    if row["kind"] == "kill":
        found.add(("kill at", row["step"], row["when"]))
    return found


def lacks(full, reduced):
    every = set().union(*map(meet, full))
    return every - set().union(*map(meet, reduced))
END
}

rule() { # LINE OF PYTHON...
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=. python3 -c 'from rule import *
full, reduced = read("full"), read("reduced")
vm_full, vm_reduced = read("vm-full"), read("vm-reduced")
'"$1"
}

@test "every two values that occur together in the full plan meet in the reduced one, forms and points of kills too" {
	rule 'sys.exit("\n".join(map(str, sorted(lacks(full, reduced)))) or None)'
}

@test "without any one row, something of the full plan is no longer covered" {
	rule 'for row in reduced:
	if not lacks(full, [other for other in reduced if other != row]):
		sys.exit("needless: " + row["name"])'
}

@test "the reduced plan is part of the full one, without duplicates, and names are unique" {
	rule 'for a, b in ((full, reduced), (vm_full, vm_reduced)):
	names = [(row["name"], row["controller"]) for row in a]
	assert len(set(names)) == len(names), "two of one name"
	assert all(row in a for row in b), "not a part"
	assert len({tuple(row.values()) for row in b}) == len(b), "twice"'
}

@test "the reduced plan is short: pairs, not combinations" {
	rule 'assert 60 < len(reduced) < 165 and len(full) > 1000, (len(reduced), len(full))
assert 2 < len(vm_reduced) < 8 and len(vm_full) > 60, (len(vm_reduced), len(vm_full))'
}

@test "on virtual machines every kind, side, strategy and controller occurs, and the steps that only they have" {
	rule 'for field in ("kind", "side", "strategy", "controller"):
	a, b = ({row[field] for row in rows} for rows in (vm_full, vm_reduced))
	assert a - {"-"} <= b, (field, a - b)
lacking = {row["step"] for row in vm_full} - {row["step"] for row in full + vm_reduced}
assert not lacking, lacking'
}

@test "a kill is planned before and after each step of each strategy, as the program has them" {
	local table=$BATS_TEST_DIRNAME/../../src/move/step_tables.c name
	for name in cold:reduced post_copy:reduced cold:full post_copy:full pre_copy:vm-full hybrid:vm-full; do
		awk -v start="static const struct step ${name%:*}[] = {" '
			$0 == start { inside = 1 }
			inside && /^};/ { exit }
			inside && /^\t\{"/ { split($0, word, "\""); print word[2] }' "$table" >steps
		[ "$(wc -l <steps)" -ge 12 ]
		while read -r step; do
			awk -F '\t' -v step="$step" '$1 == "kill" && $4 == step { print $5 }' "${name#*:}" | sort -u >whens
			[[ $(tr '\n' ' ' <whens) == *'after before '* ]] || { echo "$name $step: $(<whens)"; return 1; }
		done <steps
	done
}

@test "each kind of the plan has a function that runs it" {
	local kind
	for kind in $(cut -f 1 full vm-full | sort -u); do
		grep -q "^fault_$kind() {" "$BATS_TEST_DIRNAME"/../faults/cases/*.bash || { echo "no fault_$kind"; return 1; }
	done
}

@test "a name chooses rows of the plan, with FAULTS=all of the full one; an unknown name is an error" {
	run "$BATS_TEST_DIRNAME/../faults/matrix" --plan 'unseized*traced*third'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	FAULTS=all run "$BATS_TEST_DIRNAME/../faults/matrix" --plan 'recovery*clean:after'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -gt 5 ]
	run "$BATS_TEST_DIRNAME/../faults/matrix" --plan 'no such row'
	[ "$status" -eq 1 ]
	[[ $output == *'no such row'* ]]
}
