# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with bench and its parts
# The containers to move: what each runs, its endpoint, and how much memory it gets.

container_names=(httpd tree redis-1m redis-100m redis-1g redis-4g)

# Sets container_args, container_mib and the three forms of its endpoint.
container_choose() { # NAME
	container_mib=0
	container_endpoint=http://rhel0x/ container_curl=http://rhel0x/ container_asked=http://rhel0x/
	case $1 in
	httpd) container_args=(httpd -f -h /var/www/html) ;;
	tree)
		# shellcheck disable=SC2016 # for the shell in the container
		container_args=(sh -c 'i=0; while [ $i -lt 49 ]; do sleep 1000000 & i=$((i + 1)); done
			exec httpd -f -h /var/www/html')
		;;
	redis-*)
		container_args=(redis-server --protected-mode no --save '' --appendonly no)
		container_endpoint=tcp://rhel0x:6379 container_curl=telnet://rhel0x:6379
		container_asked=redis://rhel0x
		case $1 in
		*-1m) container_mib=1 ;;
		*-100m) container_mib=100 ;;
		*-1g) container_mib=1024 ;;
		*-4g) container_mib=4096 ;;
		esac
		;;
	*) return 1 ;;
	esac
}

# Methods and rounds of a container: 4 GB are for the curve only, and take minutes a move.
container_takes() { # NAME METHOD
	case $1-$2 in
	redis-4g-busy | redis-4g-busypostcopy | redis-4g-podman | redis-4g-floor) return 1 ;;
	redis-100m-* | redis-1g-* | redis-4g-*) ;;
	# A container with little memory restores all of it at once.
	*-whole | *-direct* | *-postcopyclear | *-busypostcopy) return 1 ;;
	esac
}

container_rounds() { # NAME ROUNDS
	if [[ $1 == redis-4g && $2 -gt 3 ]]; then
		echo 3
	else
		echo "$2"
	fi
}

container_words() { # NAME
	case $1 in
	httpd) echo 'busybox httpd' ;;
	tree) echo '50 processes' ;;
	redis-1m) echo 'redis, 1 MB' ;;
	redis-100m) echo 'redis, 100 MB' ;;
	redis-1g) echo 'redis, 1 GB' ;;
	redis-4g) echo 'redis, 4 GB' ;;
	esac
}

# Writes the bundle on the shared directory, with cmigrate itself.
container_generate() { # NAME
	local word
	local -a options=()
	container_choose "$1"
	for word in "${container_args[@]}"; do
		options+=(--args "$word")
	done
	scripts/lab exec rhel01 cmigrate generate "$1" --force "${options[@]}" \
		--network host --tmpfs /tmp --read-only --bind /tmp/bench:/var/www/html --rootfs /runc/rootfs \
		--address 10.99.0.100/24 --endpoint "$container_endpoint"
}

container_start() { # NAME
	container_choose "$1"
	on rhel01 "$parts/host" start "$1"
	container_fill
}

container_start_podman() { # NAME
	container_choose "$1"
	on rhel01 "$parts/host" start-podman "$1" "${container_args[@]}"
	container_fill
}

# Waits until the container answers, then fills it.
container_fill() {
	local deadline=$((SECONDS + 20))
	until on client bash -c ". $parts/clock.sh; ask $container_curl"; do
		if ((SECONDS > deadline)); then
			echo "bench: the container does not answer at $container_curl" >&2
			return 1
		fi
		sleep 0.02
	done
	if [[ $container_mib -gt 0 ]]; then
		on rhel01 "$parts/host" fill "$container_mib"
	fi
}

container_end() { # NAME
	on rhel01 "$parts/host" end "$1"
	on rhel02 "$parts/host" end "$1"
}
