#!/bin/sh
# SPDX-License-Identifier: MIT
# place look NETNS IP/PREFIX@DEVICE...: prints addr=JSON, and a route=JSON for each address.
# place taken NETNS IP/PREFIX@DEVICE...: prints taken=IP WHO for each address that another machine answers for;
# takes half a second for all of them. The DEVICE may be empty for look. C locale, because arping's output is parsed.
export LC_ALL=C
verb=$1 netns=$2
shift 2

. part/ns.sh

look() {
	printf 'addr=%s\n' "$(ns ip -j addr show | tr '\n' ' ')"
	for word in "$@"; do
		printf 'route=%s\n' "$(ns ip -j route get "${word%%/*}" 2>/dev/null | tr '\n' ' ')"
	done
}

# An address that is here already answers for itself: no need to ask.
ask() {
	ip=${1%%/*} device=${1##*@}
	[ -z "$(ns ip -o addr show to "$ip")" ] || return 0
	case $ip in
	*:*) ns timeout 0.5 ping -6 -c 1 -W 0.4 -I "$device" "$ip" 2>/dev/null |
		sed -n 's/.* bytes from \([^ ]*\): .*/\1/p' ;;
	*) ns timeout 0.5 arping -D -c 1 -w 1 -I "$device" "$ip" 2>/dev/null |
		sed -n 's/.* reply from [^ ]* \[\([^]]*\)\].*/\1/p' ;;
	esac | head -n 1 | sed "s/^/taken=$ip /"
}

taken() {
	for word in "$@"; do
		ask "$word" &
	done
	wait
}

"$verb" "$@"
