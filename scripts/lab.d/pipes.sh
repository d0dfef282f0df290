# shellcheck shell=bash disable=SC2154 # lab_dir: set in names.sh
# The maximum size of a pipe is a setting of the machine. If root lacks CAP_SYS_RESOURCE, as it may in a
# container, CRIU's page server needs more than the default. The first lab raises it, the last one puts
# it back.

pipes_dir=/run/cmigrate-lab-pipes
pipes_wanted=1073741824
pipes_setting=/proc/sys/fs/pipe-max-size

# Runs a function under a lock, after forgetting labs that ended without "down".
with_pipes() ( # FUNCTION
	# The directory above is always there, and nothing is left to be removed.
	exec {lock}<"${pipes_dir%/*}"
	flock "$lock"
	for user in "$pipes_dir"/*.lab; do
		if [[ -e $user && ! -d $(<"$user") ]]; then
			rm -f "$user"
		fi
	done
	"$1"
)

pipes_user() {
	echo "$pipes_dir/$(cksum <<<"$lab_dir" | cut -d' ' -f1).lab"
}

raise_pipes() {
	if [[ $(<"$pipes_setting") -ge $pipes_wanted && ! -d $pipes_dir ]]; then
		return
	fi
	if [[ ! -d $pipes_dir ]]; then
		mkdir -p "$pipes_dir"
		cat "$pipes_setting" >"$pipes_dir/was"
	fi
	echo "$lab_dir" >"$(pipes_user)"
	echo "$pipes_wanted" >"$pipes_setting"
}

lower_pipes() {
	local users
	rm -f "$(pipes_user)"
	users=$(find "$pipes_dir" -name '*.lab' 2>/dev/null || true)
	if [[ -z $users && -s $pipes_dir/was ]]; then
		cat "$pipes_dir/was" >"$pipes_setting"
		rm -rf "$pipes_dir"
	fi
}
