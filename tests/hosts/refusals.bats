#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2034,SC2154 # variables of lib; single quotes: for a host's shell
# What is refused is refused with one clear line, and changes nothing on any host.

load lib/lab
load lib/containers
load lib/snapshot

setup_file() {
	start_lab t-refusals 600 3
	learn_kernels
	make_web web 10.99.0.100/32
	start_container rhel01 web
	looks=$BATS_FILE_TMPDIR
	remember same rhel01 rhel02
	on rhel01 cp /runc/containers/web/config.json /var/config.json
}

teardown_file() {
	end_lab
}

setup() {
	bundle=/runc/containers/web
	looks=$BATS_FILE_TMPDIR remembered=(rhel01 rhel02) remembered_same=(same)
}

# Each test takes back what it did to the hosts itself; all else is as setup_file left it.
teardown() {
	on rhel01 sh -c 'cmp -s /var/config.json /runc/containers/web/config.json || cp /var/config.json /runc/containers/web/config.json'
	unchanged
}

# The command ends with CODE, one line on stderr that matches REGEX, nothing on stdout. The controller is rhel01.
refused() { # CODE REGEX ARG...
	local code=$1 regex=$2 status=0
	shift 2
	on rhel01 cmigrate "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	echo "status $status: $(<"$BATS_TEST_TMPDIR/err")"
	[[ $status -eq $code ]]
	[[ ! -s $BATS_TEST_TMPDIR/out ]]
	grep -q -E -e "^cmigrate: .*$regex" "$BATS_TEST_TMPDIR/err"
	[[ $(<"$BATS_TEST_TMPDIR/err") != *[[:cntrl:]]* ]]
}

@test "a container that nobody has" {
	refused 3 "no container 'nobody'" move nobody rhel02
	refused 3 "'nobody'" move nobody rhel02 --from rhel01
}

@test "a container that does not run: paused, stopped" {
	on rhel01 runc pause web
	refused 3 "paused" move web rhel02
	on rhel01 runc resume web
	on rhel01 cmigrate generate extra --args true "${common_flags[@]}"
	on rhel01 sh -c 'runc run -d -b /runc/containers/extra extra </dev/null >/dev/null 2>&1'
	wait_on rhel01 10 'runc state extra | grep -q stopped'
	refused 3 "stopped" move extra rhel02
	on rhel01 sh -c 'runc delete --force extra; rm -r /runc/containers/extra'
}

@test "the destination is the source, by whatever name" {
	for name in rhel01 localhost 10.99.0.1 fd99::1 root@rhel01; do
		refused 3 "" move web "$name"
		refused 3 "" move web "$name" --from rhel01
	done
	refused 3 "--from and the destination are both rhel02" move web rhel02 --from rhel02
}

@test "a host that nobody knows" {
	refused 3 "nowhere" move web nowhere
	on rhel01 sh -c 'echo "{\"hosts\": {\"rhel01\": {}, \"rhel02\": {}}}" >/var/hosts.json'
	refused 2 "rhel2.*rhel02" -c /var/hosts.json move web rhel2
}

@test "a host that does not answer" {
	"$lab" crash rhel03
	refused 3 "rhel03" move web rhel03
}

@test "hosts and names that look like options" {
	refused 2 "'-oProxyCommand" move -- web '-oProxyCommand=touch /tmp/owned'
	refused 2 "'-x'" move -- -x rhel02
	refused 2 "'-oProxyCommand" move --from='-oProxyCommand=touch /tmp/owned' web rhel02
}

@test "names that are no names" {
	refused 2 "" move a/b rhel02
	refused 2 "" move ../containers/web rhel02
	refused 2 "" move .. rhel02
	refused 2 "" move '' rhel02
	refused 2 "" move $'we\x01b' rhel02
	refused 2 "" move $'web\n' rhel02
	refused 2 "" move "$(printf 'x%.0s' {1..300})" rhel02
	refused 2 "" move web $'rhel02\nreboot'
	refused 2 "" move web 'rhel02;reboot'
	refused 2 "" move web "$(printf 'x%.0s' {1..300})"
}

@test "unknown options and missing arguments" {
	refused 2 "'?--strategie" move web rhel02 --strategie cold
	refused 2 "warp" move web rhel02 --strategy warp
	refused 2 "" move web
	refused 2 "" move web rhel02 rhel03
	refused 2 "" move --timeout=soon web rhel02
	refused 2 "" move --address=10.99.0.300/24 web rhel02
	refused 2 "" move --endpoint=gopher://rhel0x/ web rhel02
	refused 2 "" move --tcp-close --tcp-established web rhel02
	refused 2 "prots.*ports" move web rhel02 --skip-check prots
}

@test "configurations with an unknown key or a wrong type" {
	on rhel01 sh -c 'echo "{\"move\": {\"timeouts\": 3}}" >/var/c1; echo "{\"hosts\": 3}" >/var/c2; echo "{" >/var/c3'
	refused 2 "move\.timeouts.*'?(move\.)?timeout'?" -c /var/c1 move web rhel02
	refused 2 "hosts" -c /var/c2 move web rhel02
	refused 2 "/var/c3" -c /var/c3 move web rhel02
	refused 2 "/var/c4" -c /var/c4 move web rhel02
}

@test "a bundle that the destination does not see" {
	on rhel01 sh -c 'mkdir -p /var/elsewhere && cp -r /runc/containers/web /var/elsewhere/extra &&
		jq ".annotations = {} | .process.args[4] = \"81\"" /var/config.json >/var/elsewhere/extra/config.json &&
		runc run -d -b /var/elsewhere/extra extra </dev/null >/dev/null 2>&1'
	refused 3 "/var/elsewhere" -b /var/elsewhere move extra rhel02
	on rhel01 sh -c 'runc delete --force extra; rm -r /var/elsewhere'
}

@test "a name that is taken on the destination" {
	on rhel02 sh -c 'mkdir -p /var/other && jq ".process.args = [\"tail\", \"-f\", \"/dev/null\"]" /runc/containers/web/config.json >/var/other/config.json &&
		runc run -d -b /var/other web </dev/null >/dev/null 2>&1'
	refused 3 "'web'.*rhel02|rhel02.*'web'" move --from rhel01 web rhel02
	on rhel02 runc delete --force web
}

@test "a bind source, a port or an address that the destination has not free" {
	on rhel02 mv /tmp/web /var/web
	refused 3 "/tmp/web" move web rhel02
	on rhel02 sh -c 'mv /var/web /tmp/web; busybox httpd -p 80 -h /tmp'
	refused 3 "80" move web rhel02
	on rhel02 sh -c 'kill $(pidof busybox)'
	on rhel02 ip addr add 10.99.0.100/32 dev eth0
	refused 3 "10.99.0.100" move web rhel02
	on rhel02 ip addr del 10.99.0.100/32 dev eth0
}

# A program in the place of another that only says its version.
fake_version() { # HOST PROGRAM LINE
	on "$1" sh -c 'printf "#!/bin/sh\necho \"%s\"\n" "$2" >"/usr/local/sbin/$1"; chmod 755 "/usr/local/sbin/$1"' - "$2" "$3"
}

@test "runc or criu missing or too old on the destination" {
	fake_version rhel02 runc 'runc version 1.0.0'
	refused 3 "runc on rhel02 is 1\.0\.0" move web rhel02
	on rhel02 rm /usr/local/sbin/runc
	fake_version rhel02 criu 'Version: 3.10'
	refused 3 "criu on rhel02 is 3\.10" move web rhel02
	on rhel02 rm /usr/local/sbin/criu
	on rhel02 mv /usr/sbin/runc /usr/sbin/runc.away
	refused 3 "runc.*rhel02|rhel02.*runc" move web rhel02
	on rhel02 mv /usr/sbin/runc.away /usr/sbin/runc
	on rhel02 mv /usr/sbin/criu /usr/sbin/criu.away
	refused 3 "criu.*rhel02|rhel02.*criu" move web rhel02
	on rhel02 mv /usr/sbin/criu.away /usr/sbin/criu
}

@test "a config.json that is cut off, of wrong types, too large, too deep" {
	on rhel01 sh -c "head -c 300 /var/config.json >$bundle/config.json"
	refused 2 "config.json" move web rhel02
	on rhel01 sh -c "echo '[]' >$bundle/config.json"
	refused 2 "config.json" move web rhel02
	on rhel01 sh -c "jq '.mounts = 3' /var/config.json >$bundle/config.json"
	refused 2 "mounts" move web rhel02
	on rhel01 sh -c "jq '.annotations = [1]' /var/config.json >$bundle/config.json"
	refused 2 "annotations" move web rhel02
	on rhel01 sh -c "(cat /var/config.json; head -c 100M /dev/zero | tr '\\0' ' ') >$bundle/config.json"
	refused 2 "config.json" move web rhel02
	on rhel01 python3 -c "print('[' * 100000 + ']' * 100000, file=open('$bundle/config.json', 'w'))"
	refused 2 "config.json" move web rhel02
	on rhel01 rm "$bundle/config.json"
	refused 3 "config.json" move web rhel02
}

annotate() { # KEY VALUE
	on rhel01 sh -c 'jq --arg k "org.cmigrate.$1" --arg v "$2" ".annotations[\$k] = \$v" /var/config.json >/runc/containers/web/config.json' - "$@"
}

@test "annotations that are none" {
	for value in ';reboot' '$(id)' '10.99.0.100/99' "10.99.0.100/32@eth0;id" "10.99.0.100/32@-x"; do
		annotate address "$value"
		refused 2 "org.cmigrate.address" move web rhel02
	done
	for value in '$(id)' 'file:///etc/passwd' '-K/etc/passwd'; do
		annotate endpoint "$value"
		refused 2 "org.cmigrate.endpoint" move web rhel02
	done
	annotate tcp maybe
	refused 2 "org.cmigrate.tcp" move web rhel02
	annotate timeout -1
	refused 2 "org.cmigrate.timeout" move web rhel02
	annotate criu '--file-locks; id'
	refused 2 "org.cmigrate.criu" move web rhel02
	annotate strategy warp
	refused 2 "org.cmigrate.strategy" move web rhel02
	annotate adress 10.99.0.100/32
	refused 2 "org.cmigrate.adress.*address" move web rhel02
}
