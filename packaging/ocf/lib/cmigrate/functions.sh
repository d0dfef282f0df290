# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154 # shared with the agent
# Functions of ocf:cmigrate:container: its questions to cmigrate and the cluster, and the end of moves that failed.

say() {
	echo "$rsc: $*" >&2
}

# The cluster shows this as the reason of a failure.
reason() {
	echo "ocf-exit-reason:$*" >&2
}

is_true() {
	case $1 in
	true | yes | on | y | 1) return 0 ;;
	esac
	return 1
}

# cmigrate, with the parameters that all its commands take.
cm() {
	cmigrate --config "$config" ${bundle_root:+--bundle-root "$bundle_root"} "$@"
}

# Asks this host alone. 0: the container is here, held by a move or not; 3: it isn't; 7: a copy that may
# still be undone.
look() {
	cm --quiet status "$name" --local
}

# Prints an object of status --json: what is beside the bundle, and what runs on one host.
ask() { # HOST
	cm --json status "$name" --on "$1" 2>/dev/null
}

# Prints a value of such an object.
value_of() { # JSON KEY
	printf '%s\n' "$1" | sed -n "s/.*\"$2\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"
}

# Sets move_source and move_destination if a move is under way or was interrupted.
find_move() {
	move_source='' move_destination=''
	move=$(ask "$here" | sed -n 's/.*"move":{\([^}]*\)}.*/\1/p')
	if [ -n "$move" ]; then
		move_source=$(value_of "$move" source)
		move_destination=$(value_of "$move" destination)
		return 0
	fi
	return 1
}

# Prints "NODE fenced", "NODE left" or "NODE lost" for each node that is not in the cluster. Fenced: the cluster has
# switched it off. Left: it has shut down in good order, after its resources. Lost: nobody knows what it does.
absent_nodes() {
	command -v crm_mon >/dev/null || return 0
	crm_mon --one-shot --output-as=xml 2>/dev/null | awk '
		function value(key) {
			return match($0, " " key "=\"[^\"]*\"") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4) : ""
		}
		/<cluster_options / { fences = value("stonith-enabled") == "true" }
		/<node / && value("online") == "false" { unclean[value("name")] = value("unclean") == "true" }
		/<fence_event / && value("status") == "success" && value("action") ~ /^(off|reboot)$/ { fenced[value("target")] = 1 }
		END {
			for (node in unclean)
				print node, !fences || unclean[node] ? "lost" : node in fenced ? "fenced" : "left"
		}'
}

# Whether a host of the configuration can't be asked.
is_silent() { # HOST
	ask "$1" >/dev/null
	[ $? -eq 1 ]
}

in_config() { # HOST
	grep -q -F "\"$1\"" "$config"
}

# Prints the hosts that are off by the cluster's word, and nothing runs there. A node that has left may have been
# taken out of the cluster with everything that runs on it, so it is asked first.
hosts_off() {
	absent_nodes | while read -r host why; do
		in_config "$host" || continue
		case $why in
		fenced) echo "$host" ;;
		left) ! is_silent "$host" || echo "$host" ;;
		lost) ! is_true "$allow_unfenced" || echo "$host" ;;
		esac
	done
}

# Prints --fenced for each of the hosts in $off that is among the arguments; without arguments for all of them.
fenced_flags() { # [HOST...]
	for host in $off; do
		case " ${*:-$host} " in
		*" $host "*) printf ' --fenced %s' "$host" ;;
		esac
	done
}

# Settles an interrupted move. Sets runs_on to the host that it left the container on. Fails with cmigrate's exit
# code: 6 in doubt, 7 another process is at it, 9 lost.
recover() {
	runs_on=''
	# shellcheck disable=SC2046 # words
	summary=$(cm --json recover "$name" $(fenced_flags "$move_source" "$move_destination"))
	code=$?
	[ "$code" -ne 0 ] || case $(value_of "$(printf '%s\n' "$summary" | tail -n 1)" outcome) in
	undone) runs_on=$move_source ;;
	*) runs_on=$move_destination ;;
	esac
	return "$code"
}

# Settles what an interrupted move has left, for as long as somebody else holds it up to its operation's end.
recover_all() {
	while find_move; do
		off=$(hosts_off)
		recover
		code=$?
		case $code in
		0 | 9) return 0 ;;
		7) sleep 1 ;;
		*)
			reason "the move from $move_source to $move_destination is unsettled: cmigrate recover $name (exit code $code)"
			return 1
			;;
		esac
	done
}

# A host does not answer, or the move was killed. The cluster fences a lost node, and says so.
resolve_doubt() {
	while find_move; do
		off=$(hosts_off)
		recover
		case $? in
		0 | 1 | 9) return ;;
		esac
		sleep 2
	done
}

# The settings without which an undone move would end in a restart.
check_settings() {
	command -v crm_resource >/dev/null && command -v cibadmin >/dev/null || return 0
	allows=$(crm_resource --resource "$rsc" --meta --get-parameter allow-migrate --quiet 2>/dev/null) || return 0
	is_true "$allows" || return 0
	active=$(crm_resource --resource "$rsc" --meta --get-parameter multiple-active --quiet 2>/dev/null)
	case $active in
	stop_unexpected | block) ;;
	*)
		reason "meta attribute multiple-active=stop_unexpected is missing: an undone move would restart the container"
		return 1
		;;
	esac
	cibadmin --query --xpath "//primitive[@id='$rsc']//op[@name='migrate_to'][@on-fail='block']|\
//template//op[@name='migrate_to'][@on-fail='block']|//op_defaults//nvpair[@name='on-fail'][@value='block']" >/dev/null 2>&1 && return 0
	reason "operation migrate_to on-fail=block is missing: an undone move would restart the container"
	return 1
}

# Waits for COMMAND, asked each second.
wait_until() { # SECONDS COMMAND...
	left=$1
	shift
	until "$@"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 1
	done
}

# Whether the cluster has recorded that the operation failed. Only then a refresh has any effect.
failure_is_known() {
	cibadmin --query --xpath "//node_state[@uname='$here']//lrm_resource[@id='$rsc']/lrm_rsc_op[@operation='migrate_to']\
[@op-status!='-1'][@rc-code!='0' or @op-status!='0']" >/dev/null 2>&1
}

is_probed() { # NODE
	cibadmin --query --xpath "//node_state[@uname='$1']//lrm_resource[@id='$rsc']/lrm_rsc_op[@op-status!='-1']" >/dev/null 2>&1
}

ban() { # NODE
	crm_resource --resource "$rsc" --ban --node "$1" --lifetime "PT${retry_after}S" >/dev/null 2>&1
}

# The cluster's state as if the failed move had been a probe that found the container here.
forget_failure() {
	awk -v node="$here" -v rsc="$rsc" '
		/<node_state / { inside = index($0, " uname=\"" node "\"") }
		/<lrm_resource / { ours = inside && index($0, " id=\"" rsc "\"") }
		/<lrm_rsc_op / && ours && / operation="migrate_to"/ {
			gsub(/migrate_to/, "monitor")
			gsub(/ rc-code="[0-9]*"/, " rc-code=\"0\"")
			gsub(/ op-status="[0-9]*"/, " op-status=\"0\"")
			gsub(/ transition-magic="[0-9]*:[0-9]*/, " transition-magic=\"0:0")
		}
		{ print }'
}

# Whether the scheduler would leave the container where it is, or move it elsewhere, with that ban and without the
# failure.
ban_is_harmless() { # NODE
	cib=$(mktemp) || return 1
	actions=$(
		cibadmin --query | forget_failure >"$cib"
		CIB_file=$cib
		export CIB_file
		ban "$1" && crm_simulate --simulate --output-as=xml --xml-file "$cib"
	)
	status=$?
	rm -f "$cib"
	[ "$status" -eq 0 ] && ! printf '%s\n' "$actions" | grep "<rsc_action .*resource=\"$rsc\"" | grep -q -E 'action="(stop|recover|restart)"'
}

# The container stays where it is for a while, because with the ban it would be stopped.
stay() {
	left=$retry_after
	while [ "$left" -gt 0 ] && failure_is_known && look; do
		left=$((left - 1))
		sleep 1
	done
}

# The cluster takes a resource whose move failed for blocked. When the move has come to its end, the cluster looks at
# both nodes anew, the destination first: as long as the source counts as blocked nothing is started or stopped.
settle() { # DESTINATION OUTCOME
	wait_until 60 failure_is_known || return 0
	if [ "$2" = undone ] && [ "$retry_after" -gt 0 ]; then
		if ban_is_harmless "$1"; then
			ban "$1"
			say "$1 is banned for $retry_after seconds"
		else
			say "the next try is in $retry_after seconds"
			stay
		fi
	fi
	failure_is_known || return 0
	if crm_resource --refresh --resource "$rsc" --node "$1" >/dev/null 2>&1; then
		wait_until 30 is_probed "$1"
	fi
	crm_resource --refresh --resource "$rsc" >/dev/null 2>&1
}
