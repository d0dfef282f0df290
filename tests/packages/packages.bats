#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tests the files that "make install", "make deb" and the RPM spec install.

bats_require_minimum_version 1.5.0

setup() {
	top=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	cd "$top"
	unset MAKEFLAGS MFLAGS MAKELEVEL
	# The flags of the existing build; with others it would be compiled again.
	read -ra flags <<<"${TEST_MAKE_FLAGS:-}"
	cmigrate=$top/cmigrate
	make --silent "-j$(nproc)" "${flags[@]}"
}

version() {
	sed -n 's/^VERSION := //p' "$top/Makefile"
}

@test "one version: program, Makefile, package, spec" {
	[ "$("$cmigrate" --version)" = "cmigrate $(version)" ]
	[ "$(rpmspec -q --qf '%{version}\n' packaging/cmigrate.spec)" = "$(version)" ]
}

@test "the program has nothing that is for the tests of crashes alone" {
	grep -q CMIGRATE_FAULT build/test/cmigrate
	! grep -q -e CMIGRATE_FAULT -e CMIGRATE_PAUSE "$cmigrate" || false
}

@test "make install puts files where DESTDIR and PREFIX say, uninstall takes all of them away" {
	make install DESTDIR="$BATS_TEST_TMPDIR/d" PREFIX=/opt/c "${flags[@]}"
	[ "$("$BATS_TEST_TMPDIR/d/opt/c/bin/cmigrate" --version)" = "cmigrate $(version)" ]
	"$BATS_TEST_TMPDIR/d/opt/c/lib/ocf/resource.d/cmigrate/container" meta-data | grep -q '<resource-agent name="container"'
	# The agent finds the program of its own installation.
	(cd "$BATS_TEST_TMPDIR/d/opt/c/lib/ocf/resource.d/cmigrate" && grep -q 'PATH=.*:/opt/c/bin$' container)
	[[ $("$BATS_TEST_TMPDIR/d/opt/c/libexec/cmigrate/cmigrate-agent" 2>&1) == "cmigrate-agent $(version) "* ]]
	[ -n "$(find "$BATS_TEST_TMPDIR/d" -name cmigrate.1)" ]
	[ -z "$(find "$BATS_TEST_TMPDIR/d" -type f -not -path '*/opt/c/*')" ]
	make uninstall DESTDIR="$BATS_TEST_TMPDIR/d" PREFIX=/opt/c
	[ -z "$(find "$BATS_TEST_TMPDIR/d" -type f)" ]
}

@test "make deb: lintian finds nothing, the program runs, a second build has the same bytes" {
	make deb "${flags[@]}"
	file=$(ls build/cmigrate_"$(version)"_*.deb)
	sum=$(sha256sum "$file")
	lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic "$file"
	dpkg-deb -x "$file" "$BATS_TEST_TMPDIR/x"
	[ "$("$BATS_TEST_TMPDIR/x/usr/bin/cmigrate" --version)" = "cmigrate $(version)" ]
	[ -x "$BATS_TEST_TMPDIR/x/usr/lib/ocf/resource.d/cmigrate/container" ]
	dpkg-deb -f "$file" Depends | grep -q 'libjansson4.*openssh-client'
	# All that "make install" installs is in it, by its name, compressed or not.
	make install DESTDIR="$BATS_TEST_TMPDIR/d" PREFIX=/usr "${flags[@]}"
	for name in $(cd "$BATS_TEST_TMPDIR/d" && find . -type f -printf '%f\n' | grep -v -e '^LICENSE$' -e '^CHANGELOG.md$'); do
		[ -n "$(find "$BATS_TEST_TMPDIR/x" -name "$name" -o -name "$name.gz")" ] || { echo "not in it: $name"; false; }
	done
	make deb "${flags[@]}"
	[ "$(sha256sum "$file")" = "$sum" ]
}

# bats test_tags=all
@test "the spec: rpmlint finds no error, and its list of files is what is installed" {
	run rpmlint packaging/cmigrate.spec
	echo "$output"
	[[ $output == *" 0 errors"* ]]
	mkdir -p "$BATS_TEST_TMPDIR/SOURCES"
	git ls-files --cached --others --exclude-standard |
		tar -czf "$BATS_TEST_TMPDIR/SOURCES/cmigrate-$(version).tar.gz" --transform "s#^#cmigrate-$(version)/#" -T -
	# The build requirements are packages of another distribution. rpmbuild fails on a file that isn't listed.
	rpmbuild -bb --nodeps --quiet --define "_topdir $BATS_TEST_TMPDIR" --define 'optflags -O0' \
		--define 'debug_package %{nil}' packaging/cmigrate.spec >"$BATS_TEST_TMPDIR/log" 2>&1 ||
		{ tail -n 30 "$BATS_TEST_TMPDIR/log"; false; }
	rpm -qlp "$BATS_TEST_TMPDIR"/RPMS/*/cmigrate-*.rpm | grep -q '/man1/cmigrate.1'
}
