# shellcheck shell=bash disable=SC2154 # on and work: set by whoever reads this
# Starts and stops client.py on the host "client". Its output goes to a file, because bash closes a
# coprocess's descriptors when that ends, even if they haven't been read.

# Returns when it has had its first answer. client_patience: seconds until a request has failed (10).
client_start() { # URL
	local deadline=$((SECONDS + ${client_patience:-10}))
	: >"$work/client"
	exec {client_in}> >(on client /opt/cmigrate/scripts/bench.d/client.py "$1" 2 "${client_patience:-10}" >"$work/client" 2>&1)
	client_pid=$!
	until grep -q '^ready' "$work/client"; do
		if ((SECONDS > deadline)); then
			echo "the client gets no answer from $1" >&2
			return 1
		fi
		sleep 0.02
	done
}

# Then the last line of $work/client is its report. Not in a subshell: the client is this shell's child.
client_stop() {
	exec {client_in}>&-
	wait "$client_pid" || true
}
