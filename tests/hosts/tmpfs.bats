#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of lib
# Each tmpfs of a container is on the destination as it was: saved ahead where that can be, by CRIU where
# it can't, and saved anew where it changed at the last moment.

load lib/lab
load lib/containers

setup_file() {
	start_lab t-tmpfs 600
}

teardown_file() {
	end_lab
}

teardown() {
	remove_containers rhel01 rhel02
}

# Everything in each tmpfs of a container, with the mounts themselves and their options.
tmpfs_of() { # HOST NAME
	on "$1" bash -c '
		pid=$(runc state "$1" | jq .pid)
		awk "{for (i = 7; i < NF; i++) if (\$i == \"-\" && \$(i + 1) == \"tmpfs\" && \$4 == \"/\") print \$5, \$6, \$(i + 3)}" \
			"/proc/$pid/mountinfo" | sort | while read -r path flags options; do
			echo "$path $flags $options"
			cd "/proc/$pid/root$path" || exit 1
			# Not the roots of what is mounted in it.
			find . -xdev -printf "%D %P %y %m %U %G %l %T@\n" | sed -n "s/^$(stat -c %d .) //p" | sort
			find . -xdev -type f -exec sha256sum {} + | sort
			find . -xdev \( -type c -o -type b \) -exec stat -c "%n %t:%T" {} + | sort
		done' - "$2"
}

# Counts the tmpfs that CRIU has archived in the last move.
archived_by_criu() { # NAME
	on rhel01 sh -c 'ls -l "/runc/containers/$1"/.cmigrate/images-*/ | grep -c tmpfs-.*gz' - "$1" || true
}

in_root() { # HOST NAME LINE
	on "$1" sh -e -c 'cd "/proc/$(runc state "$1" | jq .pid)/root"; eval "$2"' - "$2" "$3"
}

# Python that sets or prints attributes of files in the container's root.
attributes='import os, struct, sys
flags = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in
    ((1, 7, 2**32 - 1), (2, 4, 1234), (4, 5, 2**32 - 1), (0x10, 7, 2**32 - 1), (0x20, 0, 2**32 - 1)))
def change(path):
    os.setxattr(path, "user.colour", b"blue\0green")
    os.setxattr(path, "system.posix_acl_access", acl)
    if os.path.isfile(path):
        os.setxattr(path, "security.capability", flags)
for top in sys.argv[2:]:
    for path in [top] + [os.path.join(d, n) for d, ds, fs in os.walk(top) for n in sorted(ds + fs)]:
        if sys.argv[1] == "set":
            change(path)
        print(path, {n: os.getxattr(path, n) for n in sorted(os.listxattr(path))})
'

python_in_root() { # HOST NAME PROGRAM ARGUMENT...
	on "$1" sh -e -c 'cd "/proc/$(runc state "$1" | jq .pid)/root"; shift; exec python3 -c "$@"' - "${@:2}"
}

@test "attributes and ACLs in a quiet tmpfs move along, and a warning names those that do not" {
	make_web web 10.99.0.100/32
	start_container rhel01 web
	in_root rhel01 web 'mkdir -p tmp/a/b; : >tmp/a/empty'
	python_in_root rhel01 web "$attributes" set tmp >"$BATS_TEST_TMPDIR/before"
	grep -c "user.colour" "$BATS_TEST_TMPDIR/before" | grep -x 4
	on rhel01 cmigrate --quiet move --strict --keep-images web rhel02
	[ "$(archived_by_criu web)" -eq 0 ]
	python_in_root rhel02 web "$attributes" get tmp | diff "$BATS_TEST_TMPDIR/before" -
	in_root rhel02 web 'echo contents >tmp/a/full'
	on rhel02 cmigrate check web rhel01 | grep -E '^attributes +warning .*/tmp: '
	in_root rhel02 web 'rm tmp/a/full'
}

@test "what a quiet tmpfs holds is there afterwards, and CRIU had none to archive" {
	make_web web 10.99.0.100/32 --tmpfs /mnt:size=77k,nr_inodes=40,mode=1751 --tmpfs /mnt/below --tmpfs /data:ro
	start_container rhel01 web
	in_root rhel01 web 'cd tmp; mkdir -m 1770 a "b  c"; chown 1234:77 a; ln -s "../a b" a/link; : >a/empty
		mknod a/null c 1 3; chmod 4511 a/empty; touch -h -d "2001-02-03 04:05:06.789012345" a/empty a "b  c"'
	tmpfs_of rhel01 web >"$BATS_TEST_TMPDIR/before"
	grep -F 'size=' "$BATS_TEST_TMPDIR/before"
	on rhel01 cmigrate --quiet move --keep-images web rhel02
	[ "$(archived_by_criu web)" -eq 0 ]
	tmpfs_of rhel02 web >"$BATS_TEST_TMPDIR/there"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/there"
	on rhel02 cmigrate --quiet move web rhel01
	tmpfs_of rhel01 web >"$BATS_TEST_TMPDIR/back"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/back"
	[ -z "$(on rhel01 sh -c 'grep /run/cmigrate /proc/self/mounts; ls -A /run/cmigrate 2>/dev/null')" ]
}

# As runc before 1.3 masks a directory.
# bats test_tags=all
@test "a read-only one without any size is the same on the destination" {
	make_web web 10.99.0.100/32
	start_container rhel01 web
	on rhel01 sh -c 'nsenter --mount --target "$(runc state web | jq .pid)" mount -t tmpfs -o ro tmpfs /mnt'
	tmpfs_of rhel01 web >"$BATS_TEST_TMPDIR/before"
	grep '^/mnt ro,[^ ]* ro\(,inode64\)\?$' "$BATS_TEST_TMPDIR/before"
	on rhel01 cmigrate --quiet move --keep-images web rhel02
	[ "$(archived_by_criu web)" -eq 0 ]
	diff "$BATS_TEST_TMPDIR/before" <(tmpfs_of rhel02 web)
}

@test "one with contents, a socket or a fifo is CRIU's" {
	make_web web 10.99.0.100/32 --tmpfs /mnt --tmpfs /data
	start_container rhel01 web
	in_root rhel01 web 'echo contents >mnt/file; mkfifo data/f'
	tmpfs_of rhel01 web >"$BATS_TEST_TMPDIR/before"
	on rhel01 cmigrate --quiet move --keep-images web rhel02
	[ "$(archived_by_criu web)" -eq 2 ]
	tmpfs_of rhel02 web | sed 's/\.[0-9]*$//' >"$BATS_TEST_TMPDIR/there"
	# CRIU keeps whole seconds.
	diff <(sed 's/\.[0-9]*$//' "$BATS_TEST_TMPDIR/before") "$BATS_TEST_TMPDIR/there"
}

# bats test_tags=all
@test "with hooks all of them are CRIU's: what a hook mounts on the host stays there" {
	make_web web 10.99.0.100/32
	on rhel01 sh -c 'jq ".hooks = {createRuntime: [{path: \"/bin/sh\", args: [\"sh\", \"-c\",
		\"mkdir -p /var/hooked && mount -t tmpfs hooked /var/hooked\"]}]}" \
		/runc/containers/web/config.json >/var/new && cat /var/new >/runc/containers/web/config.json'
	start_container rhel01 web
	on rhel01 umount /var/hooked
	on rhel01 cmigrate --quiet move --keep-images web rhel02
	on rhel02 sh -c 'grep -q "^hooked /var/hooked" /proc/mounts && umount /var/hooked'
	[ "$(archived_by_criu web)" -gt 0 ]
}

# bats test_tags=all
@test "where the host's mounts appear in the container all are CRIU's, and go on appearing" {
	local host
	for host in rhel01 rhel02; do
		on $host sh -c 'mkdir -p /var/passed && mount -t tmpfs passed /var/passed && mount --make-shared /var/passed &&
			mkdir /var/passed/later'
	done
	make_web web 10.99.0.100/32 --bind /var/passed:/mnt:rbind,rslave
	start_container rhel01 web
	on rhel01 cmigrate --quiet move --keep-images web rhel02
	[ "$(archived_by_criu web)" -gt 0 ]
	on rhel02 sh -c 'mount -t tmpfs later /var/passed/later && echo seen >/var/passed/later/file'
	[ "$(on rhel02 runc exec web cat /mnt/later/file)" = seen ]
	on rhel02 umount /var/passed/later
}

# In the namespace of a restore's own the other's mounts would come before the host's.
@test "beside a restore that has the cgroup hierarchies mounted, a copy's cgroups are the host's" {
	make_web web 10.99.0.100/32
	start_container rhel01 web
	on rhel02 sh -e -c 'yard=/run/cmigrate/other/.criu.cgyard.Ab3dE6
		mkdir -p $yard && mount -t tmpfs none $yard
		for point in $(awk "\$3 == \"cgroup\" {print \$2}" /proc/self/mounts); do
			mkdir $yard/${point##*/}
			mount --bind $point $yard/${point##*/}
		done'
	on rhel01 cmigrate --quiet move web rhel02
	on rhel02 sh -e -c 'umount --lazy /run/cmigrate/other/.criu.cgyard.* && rm -r /run/cmigrate/other
		runc pause web && runc resume web'
	[[ $(on rhel02 cat /run/runc/web/state.json) != *cgyard* ]]
	on rhel02 cmigrate --quiet move web rhel01
}

@test "one that changes all the time goes along as it is when the container freezes" {
	local flags from to
	flag_args python3 /srv/restless.py 8000
	on rhel01 cmigrate generate restless "${flags[@]}" "${common_flags[@]}" \
		--bind /opt/cmigrate/tests/hosts/programs:/srv:ro,bind \
		--label org.cmigrate.address=10.99.0.103/32 --label org.cmigrate.endpoint=http://10.99.0.103:8000/
	start_container rhel01 restless
	before=0 refilled=0 from=rhel01 to=rhel02
	for _ in {1..6}; do
		on "$from" cmigrate --verbose move restless "$to" 2>"$BATS_TEST_TMPDIR/verbose"
		# Where a file vanishes under the very first look, it is CRIU's.
		if grep -F '+ refill ' "$BATS_TEST_TMPDIR/verbose"; then
			refilled=$((refilled + 1))
		fi
		state=$(on client curl -s -m $patience http://10.99.0.103:8000/)
		echo "$state"
		jq -e --argjson before "$before" '.errors == [] and .rounds > $before' <<<"$state"
		before=$(jq .rounds <<<"$state")
		read -r from to <<<"$to $from"
		# There and back, and as often as it takes.
		[[ $from == rhel02 || $refilled -eq 0 ]] || break
	done
	[ "$refilled" -gt 0 ]
}

@test "a path of the container that leads to the host's files by then: nothing of them goes along" {
	make_web web 10.99.0.100/32 --tmpfs /mnt --tmpfs /mnt/a/b
	start_container rhel01 web
	on rhel01 sh -c 'mkdir -p /var/host/b && echo secret >/var/host/b/secret'
	# It has been saved, and is not compared yet.
	on rhel01 sh -c 'cat >/usr/local/sbin/tar && chmod 755 /usr/local/sbin/tar' <<-END
		#!/bin/sh
		root=/proc/$(on rhel01 sh -c 'runc state web | jq .pid')/root
		for word; do [ "\$word" -ef "\$root/mnt/a/b" ] && last=yes; done
		/usr/bin/tar "\$@" || exit
		[ -z "\$last" ] || { cd "\$root/mnt" && mv a moved && ln -s /var/host a; }
	END
	run on rhel01 cmigrate --quiet move web rhel02
	on rhel01 rm /usr/local/sbin/tar
	echo "$output"
	[ "$status" -eq 4 ]
	[[ $output == *"'/mnt/a/b', a tmpfs of the container, can't be saved: it is elsewhere by now"* ]]
	runs_only_on rhel01 web 10.99.0.100/32
	[[ $(on client curl -s -m $patience http://rhel0x/) == rhel01 ]]
}

@test "a mount point below a tmpfs, reached by a link of the root: nothing stays in the root, whatever becomes of the move" {
	local flags
	flag_args python3 -c 'import time; time.sleep(1e6)'
	for host in rhel01 rhel02; do
		on $host mkdir -p /tmp/there
	done
	on rhel01 sh -c 'cp -a /runc/rootfs /runc/linked && rm -rf /runc/linked/var/run && ln -s ../run /runc/linked/var/run'
	on rhel01 cmigrate generate idle "${flags[@]}" --network host --tmpfs /run --rootfs /runc/linked --bind /tmp/there:/var/run/a/b
	start_container rhel01 idle
	on rhel01 cmigrate --quiet move idle rhel02
	root_is_empty
	on rhel02 env CMIGRATE_FAULT=restore:after cmigrate --quiet move idle rhel01 || [[ $? -eq 137 ]]
	on rhel01 test -d /runc/linked/run/a/b
	on rhel02 cmigrate --quiet recover idle
	root_is_empty
	runs_only_on rhel01 idle
	# The notes on the destination are gone with it.
	on rhel01 env CMIGRATE_FAULT=restore:after cmigrate --quiet move idle rhel02 || [[ $? -eq 137 ]]
	"$lab" crash rhel02
	"$lab" boot rhel02
	place_program
	on rhel01 test -d /runc/linked/run/a/b
	on rhel01 cmigrate --quiet recover idle
	root_is_empty
	runs_only_on rhel01 idle
}

root_is_empty() {
	[[ -z $(on rhel01 ls -A /runc/linked/run) ]]
}
