#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154 # variables of lib; single quotes: for a host's shell
# Between the freeze and the first answer no agent starts anything, neither a process nor a thread, if no tmpfs changes.

load lib/lab
load lib/containers

setup_file() {
	local host
	start_lab t-window 300
	for host in rhel01 rhel02; do
		# An installed agent, under a tracer that lets go of every program that the agent executes.
		on "$host" sh -c 'cat >/usr/local/sbin/traced-agent && chmod 755 /usr/local/sbin/traced-agent' <<-'END'
			#!/bin/bash
			# As a gate it is executed by another name. In memory it would be executed anew.
			[[ $1 == serve ]] || exec -a "$0" /opt/cmigrate/build/cmigrate-agent "$@"
			exec strace -f -y -b execve -qq -ttt -o /var/trace.$$ -e trace=clone,clone3,fork,vfork,execve,write \
				/opt/cmigrate/build/cmigrate-agent "$@" --in-memory
		END
	done
	on client sh -c 'mkdir -p /etc/cmigrate && cat >/etc/cmigrate/config.json' <<-'END'
		{"hosts": {"rhel01": {"agent": "/usr/local/sbin/traced-agent"},
			"rhel02": {"agent": "/usr/local/sbin/traced-agent"}}}
	END
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# What an agent started, with its time, from its first word to a freezer to the end of the outage.
started_in_window() { # HOST FROM-S OUTAGE-MS
	on "$1" sh -c 'cat /var/trace.*' | awk -v from="$2" -v ms="$3" '
		$2 >= from && $2 <= from + ms / 1000 && $3 ~ /^(clone|clone3|fork|vfork|execve)\(/'
}

# When the freeze began, by the clock of all hosts.
frozen_at() { # HOST
	on "$1" sh -c 'cat /var/trace.*' | awk '$3 ~ /^write\(/ && /(freezer.state|cgroup.freeze)>/ {print $2; exit}'
}

# Sets summary.
moves_quietly() { # FROM TO [OPTION...]
	local host from ms
	for host in rhel01 rhel02; do
		on "$host" sh -c 'rm -f /var/trace.*'
	done
	# shellcheck disable=SC2086 # words
	summary=$(on client cmigrate ${lazy:-} --json move web "$2" "${@:3}" | tail -n 1)
	echo "$summary"
	[[ $(jq -r .outcome <<<"$summary") == moved ]]
	ms=$(jq .outage_ms <<<"$summary")
	from=$(frozen_at "$1")
	[[ -n $from ]]
	# The traces are of this move, and have what was started before.
	for host in rhel01 rhel02; do
		on "$host" sh -c 'cat /var/trace.*' | grep -q 'execve('
		echo "$host from $from for $ms ms:"
		[[ -z $(started_in_window "$host" "$from" "$ms" | tee /dev/stderr) ]]
	done
}

@test "a cold move starts nothing between freeze and answer" {
	make_web web 10.99.0.100/32
	on client cmigrate -q run --on rhel01 web
	moves_quietly rhel01 rhel02
	moves_quietly rhel02 rhel01
}

@test "nor does a move whose memory goes straight to the destination" {
	make_web web 10.99.0.100/32
	on client cmigrate -q run --on rhel01 web
	moves_quietly rhel01 rhel02 --transport direct
}

@test "nor does a move whose memory follows" {
	make_web web 10.99.0.100/32
	on client cmigrate -q run --on rhel01 web
	moves_quietly rhel01 rhel02 --strategy post-copy
}

@test "nor does a cold move whose memory follows from its images" {
	make_web web 10.99.0.100/32
	on client cmigrate -q run --on rhel01 web
	on client sh -c 'jq ".move.lazy_from = \"1K\"" /etc/cmigrate/config.json >/etc/cmigrate/lazy.json'
	lazy='--config /etc/cmigrate/lazy.json'
	moves_quietly rhel01 rhel02
	jq -e '.drain_ms >= 0' <<<"$summary"
}
