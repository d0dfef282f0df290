# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # single quotes: for a host's shell; shared variables
# Containers for the tests: a web server, a redis, a program with a little of everything.

# Flags that all test containers share, the article's.
common_flags=(--network host --tmpfs /tmp --tmpfs /run --read-only --rootfs /runc/rootfs)

# Adds "--args WORD" for each word of a command to the array `flags`.
flag_args() { # WORD...
	local word
	flags=()
	for word in "$@"; do
		flags+=(--args "$word")
	done
}

# busybox httpd whose page is the name of the host it runs on, as in the article.
make_web() { # NAME ADDRESS [FLAG...]
	local host flags
	for host in rhel01 rhel02; do
		on "$host" sh -c 'mkdir -p "/tmp/$1" && uname -n >"/tmp/$1/index.html"' - "$1"
	done
	flag_args busybox httpd -f -p 80 -h /var/www/html
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" \
		--bind "/tmp/$1:/var/www/html" --label "org.cmigrate.endpoint=http://${2%/*}/" \
		--label "org.cmigrate.address=$2" "${@:3}"
}

make_redis() { # NAME ADDRESS [FLAG...]
	local flags
	flag_args redis-server --port 6379 --save '' --appendonly no --protected-mode no
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" \
		--label "org.cmigrate.endpoint=tcp://${2%/*}:6379" --label "org.cmigrate.address=$2" "${@:3}"
}

# programs/server.py; the address may be "": then it serves on the host's own.
make_server() { # NAME ADDRESS PORT [FLAG...]
	local flags
	flag_args python3 /srv/server.py "$3"
	if [[ -n $2 ]]; then
		flags+=(--label "org.cmigrate.address=$2" --label "org.cmigrate.endpoint=http://${2%/*}:$3/")
	fi
	on rhel01 cmigrate generate "$1" "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind "${@:4}"
}

# Starts a container with its service addresses, and waits until it answers.
start_container() { # HOST NAME
	on "$1" cmigrate --quiet run "$2"
}

# A test's containers are nobody else's: processes, addresses and bundles go, on every host.
remove_containers() { # HOST...
	local host removals=()
	for host in "$@"; do
		on "$host" bash -c '
			# A container that is frozen does not end.
			runc list | while read -r name _ status _; do
				[[ $name == ID ]] && continue
				[[ $status != paused ]] || runc resume "$name"
				timeout "$1" runc delete --force "$name"
			done
			ip addr flush dev eth0 to 10.99.0.96/27
			ip addr flush dev eth0 to fd99::100/120' - "$((15 * ${TEST_SLOWNESS:-1}))" >/dev/null 2>&1 </dev/null &
		removals+=($!)
	done
	wait "${removals[@]}" || true
	on "$1" find /runc/containers -mindepth 1 -delete >/dev/null 2>&1 || true
}

# The state of a container, nothing where the host has none. What has no directory there is not runc's.
state_of() { # HOST NAME
	on "$1" bash -c '[[ ! -e /run/runc/$1 ]] || {
		state=$(runc state "$1" 2>/dev/null)
		[[ ! $state =~ \"status\":\ \"([a-z]+)\" ]] || echo "${BASH_REMATCH[1]}"
	}' - "$2"
}

# The container runs on HOST and nowhere else, and so does its address.
runs_only_on() { # HOST NAME [ADDRESS]
	local host want there
	for host in rhel01 rhel02; do
		want=no there=$(state_of "$host" "$2")
		[[ $host != "$1" ]] || want=running
		[[ ${there:-no} == "$want" ]] || {
			echo "$2 is ${there:-not} on $host" >&2
			return 1
		}
		[[ -n ${3:-} ]] || continue
		there=$(on "$host" ip -o addr show to "${3%/*}")
		# Once where the container is, nowhere else.
		if [[ $host == "$1" && (-z $there || $there == *$'\n'*) || $host != "$1" && -n $there ]]; then
			echo "address $3 on $host: ${there:-none}" >&2
			return 1
		fi
	done
}
