# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the case's variables
# Images that go bad while CRIU waits at its gate: the source's processes are still there.

case_image() { # NAME LINE-OF-SHELL
	begin "images: $1" "${3:-source}" || return 0
	move_stops dump:after
	(cd "$(shared_directory)"/containers/counter/.cmigrate/images-* && eval "$2") || flaw 'could not spoil them'
	move_ends
	expect_code move "$move_code" 4
	finish "$src"
}

cases_image() {
	case_image 'pages truncated' 'truncate -s 8192 pages-1.img'
	case_image 'pages missing' 'rm pages-1.img' destination
	case_image 'inventory missing' 'rm inventory.img' third
	case_image 'core flipped' 'printf "\\377\\377\\377\\377" | dd of="$(ls core-*.img | head -n 1)" bs=1 seek=40 conv=notrunc status=none'
	case_image 'pagemap truncated' 'truncate -s 20 "$(ls pagemap-[0-9]*.img | head -n 1)"' destination
	case_image 'descriptors of a process missing' 'rm "$(ls fdinfo-*.img | head -n 1)"' third
	case_image 'all missing' 'rm -rf ./*'
}
