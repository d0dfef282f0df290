# shellcheck shell=bash
# Time since the script began, and the question that ends an outage.

now_us() {
	echo "${EPOCHREALTIME/[.,]/}"
}

begin=$(now_us)

ms_since_begin() {
	awk -v us=$(($(now_us) - begin)) 'BEGIN { printf "%.1f", us / 1000 }'
}

# Asks once; succeeds if it answers. URL: http://... or telnet://HOST:PORT, where a redis is asked.
ask() { # URL
	case $1 in
	telnet:*) printf 'PING\r\nQUIT\r\n' | curl --silent --max-time 5 "$1" | grep -q PONG ;;
	*) curl --silent --fail --max-time 5 --output /dev/null "$1" ;;
	esac
}
