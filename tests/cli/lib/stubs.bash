# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # shared variables
# Two hosts that are stubs (tests/cli/stubs): hosta has the running container "web", hostb nothing.

# shellcheck source=tests/cli/lib/refuses.bash
. "${BASH_SOURCE[0]%/*}/refuses.bash"
# shellcheck source=tests/lib/wait.bash
. "${BASH_SOURCE[0]%/*}/../../lib/wait.bash"

set_up_stubs() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/build/test/cmigrate}
	unshare -mpnf --mount-proc true 2>/dev/null || skip 'no right to make namespaces'
	cd "$BATS_TEST_TMPDIR"
	export STUB_DIR=$PWD/stub STUB_ROOT=$PWD/root STUB_HOST=controller
	mkdir -p bin stub/hosta stub/hostb stub/controller root/web
	ln -s "$top/tests/cli/stubs/ssh" bin/ssh
	for tool in runc criu nft; do
		ln -s "$top/tests/cli/stubs/tool" "bin/$tool"
	done
	export PATH=$PWD/bin:$PATH
	echo '{"hosts": {"hosta": {}, "hostb": {}}, "bundle_root": "'"$STUB_ROOT"'"}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
	export STUB_GATE_KEEPER="$cmigrate gate-keeper --bundle-root $STUB_ROOT"
	bundle '{}'
	echo running >stub/hosta/state
}

# Ends the hosts with everything that runs there; a connection starts them again.
end_stubs() {
	local pid
	while read -r pid; do
		if grep -q -a -z -x -F "STUB_DIR=$STUB_DIR" "/proc/$pid/environ" 2>/dev/null; then
			kill -KILL "$pid" 2>/dev/null || true
		fi
	done 2>/dev/null <"$STUB_DIR/ssh-pids" || true
	rm -f "$STUB_DIR"/*/pid "$STUB_DIR/ssh-pids"
}

# Changes the container's state on a host that is up.
set_state() { # HOST STATE
	local pid
	echo "$2" >"stub/$1/state"
	read -r pid <"stub/$1/pid"
	STUB_HOST=$1 nsenter --target "$pid" --mount --pid --net "$top/tests/cli/stubs/tool" sync_container
}

teardown() {
	end_stubs
}

# A move leaves nothing in /run but what is kept until the next boot.
run_is_clean() { # HOST...
	local host left
	for host in "$@"; do
		left=$(find "stub/$host/run" -mindepth 1 ! -path '*/run/runc*' ! -path '*/run/cmigrate-agent*' \
			! -path '*/run/cmigrate-programs*')
		[ -z "$left" ] || { echo "left on $host: $left" && return 1; }
	done
}

has_address() { # HOST
	local pid
	read -r pid <"stub/$1/pid"
	[[ $(nsenter --target "$pid" --net /usr/sbin/ip -o addr show to 192.0.2.7) == *192.0.2.7* ]]
}

has_no_address() { # HOST
	if has_address "$1"; then
		return 1
	fi
}

# The checks that look at the real machine behind the stubs, which these hosts can't pass.
skips=memory,space,cpu,cgroup,machine,device,address,address-in-use,packets,criu-kernel

# Runs cmigrate and shows its output.
runs() { # WORDS...
	run --separate-stderr "$cmigrate" "$@"
	echo "status $status"
	echo "$output"
	echo "$stderr"
}

# The configuration of the container, with these annotations.
bundle() {
	cat >root/web/config.json <<-END
		{"ociVersion": "1.0.2", "process": {"args": ["httpd"]}, "root": {"path": "rootfs"},
		 "linux": {"namespaces": [{"type": "pid"}]}, "annotations": $1}
	END
}
