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
	local host
	for host in "$@"; do
		on "$host" bash -c '
			for name in $(runc list -q); do
				runc resume "$name"
				timeout 15 runc delete --force "$name"
			done
			ip -o addr show dev eth0 | awk "\$4 ~ /^(10.99.0.1[0-9][0-9]|fd99::1[0-9][0-9])\// {print \$4}" |
				while read -r cidr; do ip addr del "$cidr" dev eth0; done
			find /runc/containers -mindepth 1 -maxdepth 1 -exec rm -rf {} +' >/dev/null 2>&1 || true
	done
}

state_of() { # HOST NAME
	on "$1" sh -c 'runc state "$1" 2>/dev/null | jq -r .status' - "$2"
}

# The container runs on HOST and nowhere else, and so does its address.
runs_only_on() { # HOST NAME [ADDRESS]
	local host
	for host in rhel01 rhel02; do
		if [[ $host == "$1" ]]; then
			[[ $(state_of "$host" "$2") == running ]] || return 1
		elif [[ -n $(state_of "$host" "$2") ]]; then
			echo "$2 is $(state_of "$host" "$2") on $host" >&2
			return 1
		fi
		if [[ -n ${3:-} ]]; then
			[[ $(on "$host" ip -o addr show to "${3%/*}" | grep -c .) -eq $([[ $host == "$1" ]] && echo 1 || echo 0) ]] || {
				echo "address $3: $host has it or lacks it" >&2
				return 1
			}
		fi
	done
}
