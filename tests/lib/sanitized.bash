# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# One build for two purposes: address and undefined behaviour sanitizers for the tests, counted branches for the fuzz
# targets. clang makes it, so that its warnings are seen too. It is not optimized, which halves the time, and lld links
# its many programs in half the time of GNU ld. It gives them no build id by itself; two tests ask for theirs.

sanitized_dir=build/sanitized
sanitized_flags='-O0 -g1 -fsanitize=fuzzer-no-link'
sanitized=(CC=clang WERROR=1 SANITIZE=1 BUILD="$sanitized_dir" BIN="$sanitized_dir/cmigrate" CFLAGS="$sanitized_flags"
	LDFLAGS="-fuse-ld=lld -Wl,--build-id=sha1")
