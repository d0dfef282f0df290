# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154,SC2034 # the row's variables
# Images that go bad while CRIU waits at its gate: the source's processes are still there.

fault_image() {
	move_stops dump:after
	(cd "$(shared_directory)"/containers/counter/.cmigrate/images-* && spoil "$detail") || flaw 'could not spoil them'
	move_ends
	expect_code move "$move_code" 4
	finish "$src"
}

spoil() { # HOW
	local -a files
	case $1 in
	pages-truncated) truncate -s 8192 pages-1.img ;;
	pages-missing) rm pages-1.img ;;
	inventory-missing) rm inventory.img ;;
	core-flipped)
		files=(core-*.img)
		printf '\377\377\377\377' | dd of="${files[0]}" bs=1 seek=40 conv=notrunc status=none
		;;
	pagemap-truncated)
		files=(pagemap-[0-9]*.img)
		truncate -s 20 "${files[0]}"
		;;
	descriptors-missing)
		files=(fdinfo-*.img)
		rm "${files[0]}"
		;;
	all-missing) rm -rf ./* ;;
	*) return 1 ;;
	esac
}
