#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1003,SC2016 # words that look like mistakes are the point
# cmigrate generate: what it writes, where, and what it refuses.

bats_require_minimum_version 1.5.0

load lib/refuses

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cmigrate=${CMIGRATE:-$top/cmigrate}
	cd "$BATS_TEST_TMPDIR" || return
	mkdir root
	# Whatever this machine is configured for plays no part.
	echo '{}' >cmigrate.json
	export CMIGRATE_CONFIG=$PWD/cmigrate.json
	article=(--args /usr/sbin/httpd --args -DFOREGROUND --network host
		--tmpfs /tmp --tmpfs /run --tmpfs /var/log/httpd --tmpfs /run/httpd
		--read-only --bind /tmp/rhel7-httpd:/var/www/html)
}

generate() {
	"$cmigrate" --bundle-root "$BATS_TEST_TMPDIR/root" generate "$@"
}

# Nothing but these names, hidden ones included.
only() {
	local directory=$1
	shift
	diff <(ls -A "$directory") <([ $# -eq 0 ] || printf '%s\n' "$@")
}

@test "the article's command line, to stdout" {
	generate "${article[@]}" >config.json
	"$top/tests/schema/validate" config.json
	jq -e '.process.args == ["/usr/sbin/httpd", "-DFOREGROUND"]' config.json
	jq -e '.root == {path: "rootfs", readonly: true}' config.json
	jq -e '[.linux.namespaces[].type] == ["pid", "ipc", "uts", "mount"]' config.json
	jq -e '[.mounts[] | .destination] == ["/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue",
		"/sys", "/tmp", "/run", "/var/log/httpd", "/run/httpd", "/var/www/html"]' config.json
	jq -e '.mounts[6].options == ["rw", "noexec", "nosuid", "nodev", "size=65536k"]' config.json
	jq -e '.mounts[10] == {destination: "/var/www/html", type: "bind", source: "/tmp/rhel7-httpd",
		options: ["rw", "bind"]}' config.json
}

@test "today's spelling of --read-only gives the same" {
	generate "${article[@]}" >a.json
	generate "${article[@]/#--read-only/--rootfs-readonly}" >b.json
	cmp a.json b.json
}

@test "the same options give the same bytes, ended by one newline" {
	generate "${article[@]}" >a.json
	generate "${article[@]}" >b.json
	cmp a.json b.json
	[ "$(tail -c 2 a.json | od -An -c | tr -d ' ')" = '}\n' ]
}

@test "every option at once passes the schema" {
	printf 'FROM_FILE=1\n' >vars
	printf '{"defaultAction": "SCMP_ACT_ALLOW"}' >seccomp.json
	generate --args sh --network /run/netns/x --tmpfs /tmp:size=1m --bind /a:/b:ro --env A=b \
		--env-file vars --cwd /srv --user 48:48 --groups 7 --hostname web --cap-add SYS_TIME \
		--cap-drop CHOWN --rlimit core:0:unlimited --label note=x --address 192.0.2.7 --address 2001:db8::7/64@eth1 \
		--endpoint http://rhel0x/ --endpoint tcp://192.0.2.7:80 --strategy pre-copy --transport direct \
		--tcp-established --timeout 5 --max-downtime 200 --pin \
		--sysctl net.ipv4.ip_forward=1 --cgroups-path /x --memory 512M --cpus 1.5 --pids-limit 20 \
		--no-new-privileges --seccomp seccomp.json --rootfs /runc/rootfs --read-only >config.json
	"$top/tests/schema/validate" config.json
	jq -e '.annotations == {"note": "x", "org.cmigrate.address": "192.0.2.7,2001:db8::7/64@eth1",
		"org.cmigrate.endpoint": "http://rhel0x/,tcp://192.0.2.7:80", "org.cmigrate.strategy": "pre-copy",
		"org.cmigrate.transport": "direct", "org.cmigrate.tcp": "established", "org.cmigrate.timeout": "5",
		"org.cmigrate.max-downtime": "200", "org.cmigrate.pin": "true"}' config.json
	jq -e '.linux.resources.memory.limit == 536870912 and .linux.resources.pids.limit == 20' config.json
	jq -e '.linux.resources.cpu == {quota: 150000, period: 100000}' config.json
	jq -e '.linux.seccomp.defaultAction == "SCMP_ACT_ALLOW"' config.json
	grep -q '"hard": 18446744073709551615' config.json
}

@test "the schema check would notice" {
	generate | jq '.process.rlimits[0].type = "NOFILE" | del(.root.path)' >bad.json
	run -1 "$top/tests/schema/validate" bad.json
	[[ $output == *NOFILE* ]]
	OCI_SCHEMA=/nowhere refuses 2 "no schema" "$top/tests/schema/validate" bad.json
}

@test "hard words arrive as they were" {
	words=('' ' ' "it's" '"' '\' '-x' '--args' 'a=b:c,d' '$HOME' '`id`' '*' $'a\nb' $'\t' 'größe €')
	options=(--args /bin/prog)
	for word in "${words[@]}"; do
		options+=(--args "$word")
	done
	generate "${options[@]}" --env "X=${words[*]}" --label "note=${words[*]}" >config.json
	"$top/tests/schema/validate" config.json
	jq -j '.process.args[1:][] + "\u0000"' config.json >got
	printf '%s\0' "${words[@]}" | cmp - got
	[ "$(jq -r '.process.env[2]' config.json)" = "X=${words[*]}" ]
	[ "$(jq -r '.annotations.note' config.json)" = "${words[*]}" ]
}

@test "colons in paths and in mount options" {
	generate --tmpfs '/a\:b' --bind '/s\:1:/d\:2:ro,context=u:r:t:s0' >config.json
	jq -e '.mounts[6].destination == "/a:b"' config.json
	jq -e '.mounts[7] | .source == "/s:1" and .destination == "/d:2" and
		.options == ["ro", "context=u:r:t:s0", "bind"]' config.json
}

@test "a name makes the bundle and the host name" {
	run --separate-stderr generate "${article[@]}" rhel7-httpd
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -z "$stderr" ]
	only root rhel7-httpd
	only root/rhel7-httpd config.json
	[ "$(stat -c %a root/rhel7-httpd)" = 755 ]
	[ "$(stat -c '%a %h' root/rhel7-httpd/config.json)" = "644 1" ]
	[ "$(jq -r .hostname root/rhel7-httpd/config.json)" = rhel7-httpd ]
	"$top/tests/schema/validate" root/rhel7-httpd/config.json
}

@test "an existing bundle keeps what it has" {
	mkdir -m 700 root/a
	echo data >root/a/file
	generate a
	only root/a config.json file
	[ "$(stat -c %a root/a)" = 700 ]
}

@test "nothing is overwritten without --force" {
	generate a
	cp root/a/config.json before
	refuses 1 "exists; use --force" generate --args other a
	cmp before root/a/config.json
	only root/a config.json
	generate --force --args other a
	jq -e '.process.args == ["other"]' root/a/config.json
	only root/a config.json
	[ "$(stat -c %a root/a/config.json)" = 644 ]
}

@test "--output writes a file, with the mode whatever the umask" {
	(umask 077 && generate --output out.json)
	[ "$(stat -c %a out.json)" = 644 ]
	"$top/tests/schema/validate" out.json
	jq -e 'has("hostname") | not' out.json
	refuses 1 "'out.json' exists; use --force" generate --output out.json
	generate --force --output "$PWD/out.json" --hostname x
	jq -e '.hostname == "x"' out.json
}

@test "--output through links and into what is no file" {
	mkdir sub
	echo old >sub/real
	ln -s sub/real link
	refuses 1 "exists" generate --output link
	[ "$(cat sub/real)" = old ]
	generate --force --output link
	[ -L link ]
	"$top/tests/schema/validate" sub/real
	only sub real
	ln -s sub/missing dangling
	refuses 1 "exists" generate --output dangling
	only sub real
	generate --output /dev/stdout | cmp - sub/real
	refuses 1 "is a directory" generate --output sub
	refuses 1 "can't create a file in 'none'" generate --output none/x
}

@test "a full disk is said, and leaves nothing behind" {
	refuses 1 "can't write 'standard output': No space left" bash -c "'$cmigrate' generate >/dev/full"
	refuses 1 "can't write '/dev/full': No space left" generate --output /dev/full
	[ -c /dev/full ]
	cat >full.sh <<-'END'
		set -e
		mount -t tmpfs -o size=8k none root
		mkdir root/old
		echo old >root/old/config.json
		if "$1" --bundle-root root generate --force old; then exit 99; fi
		[ "$(cat root/old/config.json)" = old ]
		[ "$(ls -A root/old)" = config.json ]
		if "$1" --bundle-root root generate new; then exit 99; fi
		[ "$(ls -A root)" = old ]
	END
	run unshare --map-root-user --mount sh full.sh "$cmigrate"
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == *"can't write '"*"/root/old/config.json': No space left on device"* ]]
	[[ ${lines[1]} == *"can't write '"*"/root/new/config.json': No space left on device"* ]]
}

@test "a bundle root that is not there" {
	refuses 1 "can't create the bundle '/nowhere/a': No such file or directory; --bundle-root" \
		"$cmigrate" --bundle-root /nowhere generate a
}

@test "wrong options are refused with status 2 before anything is written" {
	refuses 2 "unknown option '--bnid'; did you mean '--bind'?" generate --bnid x a
	refuses 2 "option '--args' needs a value" generate a --args
	refuses 2 "did you mean 'CAP_NET_BIND_SERVICE'?" generate --cap-add NET_BIND a
	refuses 2 "did you mean 'RLIMIT_NOFILE'?" generate --rlimit nofiles:1 a
	refuses 2 "did you mean 'org.cmigrate.endpoint'?" generate --label org.cmigrate.endpont=x a
	refuses 2 "fast" generate --strategy fast a
	refuses 2 "exclude each other" generate --tcp-close --tcp-established a
	refuses 2 "--timeout" generate --timeout 0 a
	refuses 2 "give UID[:GID] in numbers" generate --user apache a
	refuses 2 "is not absolute" generate --tmpfs tmp a
	refuses 2 "is not UTF-8" generate --args sh --args $'\xff' a
	refuses 2 "--memory: 'lots' is not a size" generate --memory lots a
	refuses 2 "begins with '-'" generate -- -a
	refuses 2 "not allowed in it" generate ../a
	refuses 2 "" generate a b
	only root
}

@test "control bytes never reach the terminal" {
	refuses 2 "?[2J" generate --network $'\e[2J'
	[[ $stderr != *$'\e'* ]]
}

@test "--template changes only what is told" {
	cat >t.json <<-'END'
		{"ociVersion": "1.0.2", "x": [{"b": 1, "a": 2}],
		 "process": {"cwd": "/", "rlimits": [{"type": "RLIMIT_CORE", "soft": 1, "hard": 18446744073709551615}]}}
	END
	generate --template t.json --args sh --uid 0 a
	"$top/tests/schema/validate" root/a/config.json
	# jq keeps no number this large, python does.
	python3 - t.json root/a/config.json <<-'END'
		import json, sys
		wanted, got = (json.load(open(name)) for name in sys.argv[1:])
		wanted["process"].update(args=["sh"], user={"uid": 0})
		assert got == wanted, got
		assert list(got["x"][0]) == ["b", "a"], got
	END
}

@test "files that can't be used are named, with the place" {
	printf '{\n "process": {\n  "args": }\n' >bad.json
	refuses 2 "--template: 'bad.json', line 3, column 11" generate --template bad.json
	refuses 2 "--seccomp: 'bad.json', line 3" generate --seccomp bad.json
	echo '[]' >list.json
	refuses 2 "'list.json' is not a JSON object" generate --template list.json
	refuses 2 "no 'defaultAction'" generate --seccomp cmigrate.json
	refuses 2 "can't read 'none': No such file" generate --template none
	refuses 2 "can't read '.': Is a directory" generate --template .
	python3 -c 'print("{\"a\":" * 100000)' >deep.json
	refuses 2 "deep.json" generate --template deep.json
	truncate -s 1048577 large
	refuses 2 "'large' is larger than 1 MiB" generate --template large
	refuses 2 "'large' is larger than 1 MiB" generate --env-file large
	refuses 2 "larger than 1 MiB" timeout 10 "$cmigrate" generate --template /dev/zero
}

@test "--env-file" {
	printf '\xef\xbb\xbf# comment\r\n\r\n  A=1 # kept\r\nB= x = y \nTERM=dumb' >one
	printf 'A=2\nC=3\n' >two
	: >empty
	generate --env B=cli --env-file one --env-file two --env-file empty >config.json
	jq -e '.process.env[1:] == ["TERM=dumb", "A=2", "B=cli", "C=3"]' config.json
	generate --env-file one >config.json
	jq -e '.process.env[1:] == ["TERM=dumb", "A=1 # kept", "B= x = y "]' config.json
	printf 'A=1\n# x\nnonsense\n' >bad
	refuses 2 "--env-file: 'bad', line 3: 'nonsense' is not KEY=VALUE" generate --env-file bad
	printf 'A=\xff\n' >bad
	refuses 2 "'bad', line 1: 'A=?' is not UTF-8" generate --env-file bad
	printf 'A=\0\n' >bad
	refuses 2 "'bad' has a zero byte" generate --env-file bad
	refuses 2 "can't read 'none'" generate --env-file none
}

@test "two at once: one writes, the other is told" {
	for _ in 1 2 3 4 5; do
		rm -rf root/a
		generate a 2>err1 & first=$!
		generate a 2>err2 & second=$!
		done_count=0
		for pid in $first $second; do
			if wait "$pid"; then done_count=$((done_count + 1)); fi
		done
		[ "$done_count" -eq 1 ]
		cat err1 err2 | grep -q "exists; use --force"
		only root/a config.json
	done
}

@test "help fits 80 columns and names every option but the older spelling" {
	run --separate-stderr generate --help
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(wc -L <<<"$output")" -lt 80 ]
	for option in args network tmpfs read-only bind env env-file cwd uid gid user groups hostname \
		cap-add cap-drop rlimit address endpoint strategy transport tcp-established tcp-close timeout \
		max-downtime pin label sysctl cgroups-path memory cpus pids-limit \
		no-new-privileges seccomp rootfs template output force; do
		grep -q -e "--$option\\b" <<<"$output"
	done
	[[ $output != *rootfs-readonly* ]]
}

@test "NAME and --output: the file is written, the name is its host name, no bundle is made" {
	run --separate-stderr generate web --output made.json
	[ "$status" -eq 0 ]
	[ "$(jq -r .hostname made.json)" = web ]
	[ ! -e root/web ]
}

@test "--json: one line on standard output, and in a file as without it" {
	run --separate-stderr generate --json --args a
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	generate --args a | jq -S . | diff - <(jq -S . <<<"$output")
	generate --json --output one.json --args a
	[ "$(wc -l <one.json)" -gt 10 ]
}

@test "what runc would not start is refused: labels of podman, a swap below the memory, members of wrong types" {
	refuses 2 'runc sets no SELinux labels' "$cmigrate" generate --bind /a:/b:Z
	echo '{"linux": {"resources": {"memory": {"swap": 2000000}}}}' >template.json
	refuses 2 'memory.swap' "$cmigrate" generate --template template.json --memory 1G
	"$cmigrate" generate --template template.json --memory 1M >/dev/null
	for wrong in '{"process":1}' '{"mounts":{}}' '{"root":"x"}' '{"annotations":[]}' '{"ociVersion":1}'; do
		echo "$wrong" >template.json
		refuses 2 'is not a' "$cmigrate" generate --template template.json
	done
}

@test "--tmpfs /dev keeps what makes it one" {
	generate --tmpfs /dev --args a >config.json
	jq -e '.mounts[] | select(.destination == "/dev") | .options == ["rw", "nosuid", "strictatime", "mode=755", "size=65536k"]' config.json
	generate --tmpfs /dev:size=1m --args a >config.json
	jq -e '.mounts[] | select(.destination == "/dev") | .options == ["rw", "nosuid", "strictatime", "mode=755", "size=1m"]' config.json
}
