# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# ns COMMAND...: runs it in the network namespace $netns, if that isn't empty. For scripts that set netns.
ns() {
	if [ -n "$netns" ]; then
		nsenter --net="$netns" -- "$@"
	else
		"$@"
	fi
}
