#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# A move between machines that start processes slowly, compared with the article's commands as a script, in one run.
# Alone: it measures.
# check-all: times mean something on an idle machine alone, and ten moves take minutes.

load ../hosts/lib/lab
load ../hosts/lib/containers

patience=$(scaled 120)

setup_file() {
	export LAB_VM=1
	start_lab t-vm-cost 1700
}

teardown_file() {
	end_lab
}

make_httpd() {
	local host flags
	flag_args /usr/sbin/httpd -DFOREGROUND
	for host in rhel01 rhel02; do
		on "$host" sh -c 'mkdir -p /tmp/web && uname -n >/tmp/web/index.html'
	done
	on rhel01 cmigrate generate web "${flags[@]}" \
		--network host --tmpfs /tmp --tmpfs /run --tmpfs /var/log/httpd --tmpfs /run/httpd \
		--read-only --bind /tmp/web:/var/www/html --rootfs /runc/rootfs \
		--label org.cmigrate.address=10.99.0.100/24 --label org.cmigrate.endpoint=http://10.99.0.100/
}

median() {
	printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# Sets outage and total, ms, of a move there; then the container is brought back.
measure() { # own|by_hand
	local said begin=${EPOCHREALTIME/[.,]/}
	if [[ $1 == own ]]; then
		said=$(on rhel01 cmigrate --json move --strategy cold --timeout "$patience" web rhel02 | tail -n 1)
		outage=$(jq '.outage_ms | floor' <<<"$said")
	else
		said=$(on rhel01 article -m web rhel02 10.99.0.100/24 eth0 http://10.99.0.100/)
		outage=$(sed -n 's/.*outage_ms=\([0-9]*\).*/\1/p' <<<"$said")
	fi
	total=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
	on rhel02 cmigrate -q move --timeout "$patience" web rhel01
}

@test "Apache httpd: an outage of half the script's, and a move of 1.2 times its time at most" {
	local round way outage total
	local -A outages=() totals=()
	make_httpd
	on rhel01 sh -c 'cat >/usr/local/sbin/article && chmod 755 /usr/local/sbin/article' <"$hosts_dir/../../scripts/article"
	on rhel01 cmigrate -q run web
	for round in 0 1 2 3 4 5; do
		for way in own by_hand; do
			measure "$way"
			say "$way: outage $outage ms, $total ms in all"
			# The first of each warms the caches.
			((round == 0)) || outages[$way]+=" $outage" totals[$way]+=" $total"
		done
	done
	# shellcheck disable=SC2086 # numbers
	for way in own by_hand; do
		outages[$way]=$(median ${outages[$way]}) totals[$way]=$(median ${totals[$way]})
	done
	say "medians: cmigrate ${outages[own]} ms of ${totals[own]} ms, the script ${outages[by_hand]} ms of ${totals[by_hand]} ms"
	[[ $(jq -n "${outages[own]} <= 0.5 * ${outages[by_hand]} and ${totals[own]} <= 1.2 * ${totals[by_hand]}") == true ]]
}
