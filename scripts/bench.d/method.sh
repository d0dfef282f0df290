# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with bench and its parts
# The methods to move a container. Each prints one line of KEY=VALUE words, and fails if the move fails.

# shellcheck source=/dev/null
. "$here/client.sh"

method_names=(cmigrate whole direct directclear directwhole postcopy postcopyclear busy busypostcopy article podman floor)

method_words() { # NAME
	case $1 in
	cmigrate) echo 'cmigrate' ;;
	whole) echo 'not lazy' ;;
	direct) echo 'direct' ;;
	directclear) echo 'direct, in the clear' ;;
	directwhole) echo 'direct, not lazy' ;;
	postcopy) echo 'cmigrate, post-copy' ;;
	postcopyclear) echo 'post-copy, in the clear' ;;
	busy) echo 'cmigrate, under requests' ;;
	busypostcopy) echo 'post-copy, the same' ;;
	other) echo 'cmigrate, the other' ;;
	article) echo 'article as a script' ;;
	podman) echo 'podman' ;;
	floor) echo 'floor: no move' ;;
	esac
}

# Without other clients, like the methods that cmigrate is compared with.
method_cmigrate() { # CONTAINER [PROGRAM [STRATEGY [OPTION...]]]
	local said begin end
	begin=${EPOCHREALTIME/[.,]/}
	said=$(on rhel01 "$parts/cost" "${2:-cmigrate}" --json move --strategy "${3:-cold}" "${@:4}" "$1" rhel02 2>>"$work/errors" | tail -n 2) || true
	end=${EPOCHREALTIME/[.,]/}
	jq -nr --argjson us $((end - begin)) --argjson s "${said%$'\n'*}" --arg cost "${said##*$'\n'}" '
		if $s.outcome != "moved" then error("not moved: \($s.error)") else
			"outage_ms=\($s.outage_ms) freeze_ms=\($s.freeze_ms) total_ms=\($us / 1000) \($cost)"
		end'
}

# All memory is restored at once.
method_whole() { # CONTAINER
	method_cmigrate "$1" cmigrate-whole
}

# Memory that goes straight to the destination.
method_direct() { # CONTAINER
	method_cmigrate "$1" cmigrate cold --transport direct
}

method_directclear() { # CONTAINER
	method_cmigrate "$1" cmigrate cold --transport direct --encrypt off
}

method_directwhole() { # CONTAINER
	method_cmigrate "$1" cmigrate-whole cold --transport direct
}

method_busypostcopy() { # CONTAINER
	method_busy "$1" cmigrate post-copy
}

# With a client that asks all the time, until all memory is there.
method_busy() { # CONTAINER [PROGRAM [STRATEGY]]
	local summary report begin end
	client_start "$container_asked"
	begin=${EPOCHREALTIME/[.,]/}
	summary=$(on rhel01 "${2:-cmigrate}" --json move --strategy "${3:-auto}" "$1" rhel02 2>>"$work/errors" | tail -n 1) || true
	end=${EPOCHREALTIME/[.,]/}
	sleep 0.2
	client_stop
	report=$(tail -n 1 "$work/client")
	if [[ $summary != '{'*'}' || $report != '{'*'}' ]]; then
		echo "cmigrate said: $summary; the client said: $report" >&2
		return 1
	fi
	jq -nr --argjson us $((end - begin)) --argjson s "$summary" --argjson c "$report" '
		if $s.outcome != "moved" then error("not moved: \($s.error)") else
			"outage_ms=\($s.outage_ms) freeze_ms=\($s.freeze_ms) total_ms=\($us / 1000)" +
			" gap_ms=\($c.gap_ms) asked=\($c.asked) lost=\($c.failed)"
		end'
}

# Post-copy.
method_postcopy() { # CONTAINER
	method_cmigrate "$1" cmigrate post-copy
}

method_postcopyclear() { # CONTAINER
	method_cmigrate "$1" cmigrate post-copy --encrypt off
}

method_other() { # CONTAINER
	method_cmigrate "$1" cmigrate-other
}

# An untimed move, to measure the size of its images.
method_cmigrate_bytes() { # CONTAINER
	on rhel01 cmigrate --quiet move --keep-images "$1" rhel02 2>>"$work/errors" || return 1
	on rhel01 sh -c "du -sb /runc/containers/$1/.cmigrate/images-* | awk '{ n += \$1 } END { print \"bytes=\" n }'"
}

method_by_hand() { # COMMAND...
	local begin end words
	begin=${EPOCHREALTIME/[.,]/}
	words=$(on rhel01 "$parts/cost" "$@" 2>>"$work/errors")
	end=${EPOCHREALTIME/[.,]/}
	echo "${words//$'\n'/ } total_ms=$(((end - begin) / 1000))"
}

method_article() { # CONTAINER
	method_by_hand /opt/cmigrate/scripts/article -m "$1" rhel02 10.99.0.100/24 eth0 "$container_curl"
}

method_podman() { # CONTAINER
	method_by_hand "$parts/podman" "$1" rhel02 10.99.0.100/24 eth0 "$container_curl"
}

method_floor() { # CONTAINER
	method_by_hand "$parts/floor" "$1"
}
