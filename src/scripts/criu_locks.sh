#!/bin/sh
# SPDX-License-Identifier: MIT
# criu_locks note|remove RUN NETNS
#
# CRIU blocks the packets of open connections by rules of its own: a pair of iptables rules for each
# connection, an nftables table "inet CRIU-...", or in the container's own network namespace a chain
# CRIU. After a good dump they stay on the source, after a failed restore on the destination, and would
# block the next move's packets too.
#
# note: writes to RUN/locks which such rules exist before the move. remove: deletes
# those that CRIU's logs in RUN name, and that did not exist then. Succeeds if there are none.
verb=$1 run=$2 netns=$3

. part/ns.sh

tables() {
	ns nft list tables 2>/dev/null
}

# "chain iptables": a chain CRIU is there.
chains() {
	for tool in iptables ip6tables; do
		ns "$tool" -w -n -t filter -L CRIU >/dev/null 2>&1 && echo "chain $tool"
	done
	:
}

note() {
	{
		tables
		chains
	} >"$run/locks"
}

noted() {
	grep -q -x -F -e "$1" "$run/locks"
}

logs() {
	cat "$run/dump.log" "$run/restore.log" 2>/dev/null
}

# The iptables commands that delete the rules that CRIU added and did not remove, from lines such as
#   (00.030207) Running iptables [ip6tables -w -t filter -I INPUT ... --sport 1 ... -j DROP]
# which CRIU writes before it runs the command; "Unlocked ..." follows the command that removes the rule. CRIU writes
# the container's names into the same log: a line counts only if all of it is such a line, with CRIU's own mark
# in the rule (criu/netfilter.c).
deletions() {
	logs | awk '
	/^\([0-9.]+\)[ \t]+Running iptables \[ip6?tables (-w )? *-t filter -[AID] (INPUT|OUTPUT) --protocol tcp -m mark ! --mark 0xC114 --source [0-9A-Fa-f.:]+ --sport [0-9]+ --destination [0-9A-Fa-f.:]+ --dport [0-9]+ -j DROP\]$/ {
		spec = $0
		sub(/^[^[]*\[/, "", spec)
		sub(/\]$/, "", spec)
		deletes = sub(/ -D /, " -D ", spec)
		if (!deletes && !sub(/ -[AI] /, " -D ", spec))
			spec = ""
		else if (!deletes)
			locked[spec]++
		next
	}
	/ Unlocked / && deletes && spec != "" { locked[spec]--; spec = "" }
	END {
		for (spec in locked)
			while (locked[spec]-- > 0)
				print spec
	}'
}

remove_rules() {
	# The words have no blanks and no quotes: the expression allows none.
	# shellcheck disable=SC2086,SC2162
	deletions | while read words; do
		ns $words >/dev/null 2>&1 </dev/null
	done
}

# CRIU names its table after the id of its run, shortened, or before 4.0 after the pid that it dumps.
table_is_ours() { # NAME
	logs | awk -v name="${1#table inet CRIU-}" '
	/ CRIU run id = / && length(name) >= 8 && index($NF, name) == 1 { found = 1 }
	match($0, / Dumping processes \(pid: [0-9]+/) && substr($0, RSTART + 26, RLENGTH - 26) == name { found = 1 }
	END { exit !found }'
}

remove_tables() {
	tables | grep '^table inet CRIU-' | while read -r table; do
		if ! noted "$table" && table_is_ours "$table"; then
			ns nft delete table inet "${table#table inet }"
		fi
	done
}

# Only if CRIU locks a whole network namespace. A chain that was there before belongs to somebody else.
remove_chains() {
	[ -n "$netns" ] && logs | grep -q ' Running network-lock scripts' || return 0
	chains | while read -r chain; do
		noted "$chain" && continue
		tool=${chain#chain }
		for hook in INPUT OUTPUT; do
			ns "$tool" -w -t filter -D "$hook" -j CRIU 2>/dev/null
		done
		ns "$tool" -w -t filter -F CRIU && ns "$tool" -w -t filter -X CRIU
	done
}

# iptables on nftables makes its table with its first rule; the table is removed if it is empty. "-X" leaves a chain
# that has rules, which nft doesn't.
remove_empty() {
	for family in ip ip6; do
		table="table $family filter" tool=iptables
		[ "$family" = ip ] || tool=ip6tables
		if noted "$table" || ! tables | grep -q -x -F -e "$table"; then
			continue
		fi
		for hook in INPUT FORWARD OUTPUT; do
			ns "$tool" -w -t filter -X "$hook" 2>/dev/null
		done
		ns nft list table "$family" filter | grep -q 'chain\|set' || ns nft delete table "$family" filter
	done
}

left() {
	tables | grep '^table inet CRIU-' | while read -r table; do
		noted "$table" || ! table_is_ours "$table" || echo "$table"
	done
}

remove() {
	[ -e "$run/locks" ] || return 0
	remove_rules
	remove_tables
	remove_chains
	remove_empty
	left=$(left)
	[ -z "$left" ] && return 0
	echo "CRIU's rules are still there: $left" >&2
	return 1
}

"$verb"
