# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2154 # single quotes: for a host's shell; shared variables
# States of a cluster of three nodes with the resource web (without parameters: op-digest is that of none), as words,
# and what the scheduler makes of them.
#
#   running@NODE stopped@NODE   a probe found it there, or found nothing; nothing: where no word says otherwise
#   migrating@NODE              migrate_to is under way there, to rhel02
#   migrate_to@NODE=RESULT      it has ended: with 0, with another exit code, or by its time (timeout)
#   migrate_from@NODE=RESULT
#   standby@NODE lost@NODE

call=10

state() { # WORD...
	{
		cat <<-'END'
			<cib crm_feature_set="3.19" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="2">
			<configuration>
			<crm_config>
			<cluster_property_set id="options">
			<nvpair id="options-stonith" name="stonith-enabled" value="true"/>
			<nvpair id="options-infrastructure" name="cluster-infrastructure" value="corosync"/>
			</cluster_property_set>
			</crm_config>
			<nodes>
		END
		node_settings "$@"
		cat <<-'END'
			</nodes>
			<resources>
			<primitive id="power" class="stonith" type="fence_ipmilan"/>
			<primitive id="web" class="ocf" provider="cmigrate" type="container">
			<meta_attributes id="web-meta">
			<nvpair id="web-allow" name="allow-migrate" value="true"/>
			<nvpair id="web-active" name="multiple-active" value="stop_unexpected"/>
			<nvpair id="web-sticky" name="resource-stickiness" value="100"/>
			</meta_attributes>
			<operations>
			<op id="web-migrate_to" name="migrate_to" interval="0" timeout="600s" on-fail="block"/>
			</operations>
			</primitive>
			</resources>
			<constraints>
			<rsc_location id="order-1" rsc="web" node="rhel01" score="3"/>
			<rsc_location id="order-2" rsc="web" node="rhel02" score="2"/>
			<rsc_location id="order-3" rsc="web" node="rhel03" score="1"/>
			</constraints>
			</configuration>
			<status>
		END
		node_states "$@"
		echo '</status></cib>'
	} >"$BATS_TEST_TMPDIR/cib.xml"
}

node_settings() { # WORD...
	local n value
	for n in 1 2 3; do
		value=off
		[[ " $* " != *" standby@rhel0$n "* ]] || value=on
		echo "<node id=\"$n\" uname=\"rhel0$n\"><instance_attributes id=\"nodes-$n\">"
		echo "<nvpair id=\"nodes-$n-standby\" name=\"standby\" value=\"$value\"/></instance_attributes></node>"
	done
}

node_states() { # WORD...
	local n word
	for n in 1 2 3; do
		if [[ " $* " == *" lost@rhel0$n "* ]]; then
			echo "<node_state id=\"$n\" uname=\"rhel0$n\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"member\">"
		else
			echo "<node_state id=\"$n\" uname=\"rhel0$n\" in_ccm=\"true\" crmd=\"online\" join=\"member\" expected=\"member\">"
		fi
		echo "<lrm id=\"$n\"><lrm_resources>"
		[[ $n != 2 ]] || echo "<lrm_resource id=\"power\" class=\"stonith\" type=\"fence_ipmilan\">
			$(operation power start 0 0 2)</lrm_resource>"
		[[ $n == 2 ]] || echo "<lrm_resource id=\"power\" class=\"stonith\" type=\"fence_ipmilan\">
			$(operation power monitor 7 0 $n)</lrm_resource>"
		echo '<lrm_resource id="web" class="ocf" provider="cmigrate" type="container">'
		history_of "$n" "$@"
		echo '</lrm_resource></lrm_resources></lrm></node_state>'
	done
}

history_of() { # NODE-NUMBER WORD...
	local n=$1 word known=''
	shift
	for word in "$@"; do
		[[ $word == *@rhel0$n* ]] || continue
		case $word in
		running@*) operation web monitor 0 0 "$n" ;;
		stopped@*) operation web monitor 7 0 "$n" ;;
		migrating@*) operation web migrate_to 193 -1 "$n" ;;
		*=timeout) operation web "${word%%@*}" 1 2 "$n" ;;
		*=*) operation web "${word%%@*}" "${word#*=}" 0 "$n" ;;
		*) continue ;;
		esac
		known=1
	done
	[[ -n $known ]] || operation web monitor 7 0 "$n"
}

operation() { # RESOURCE NAME EXIT-CODE STATUS NODE-NUMBER
	local target=0 move='' kind=last
	((call++))
	[[ $2 != monitor ]] || target=7
	[[ $2$3 != monitor0 ]] || target=0
	[[ $2 != migrate* ]] || move=' migrate_source="rhel01" migrate_target="rhel02"'
	[[ $3 == 0 || $3 == "$target" || $4 == -1 ]] || kind='last_failure'
	for kind in last $([[ $kind == last ]] || echo last_failure); do
		echo "<lrm_rsc_op id=\"$1_${kind}_0\" operation_key=\"$1_$2_0\" operation=\"$2\" crm_feature_set=\"3.19\"\
 transition-key=\"1:1:$target:cf60dc29-02b9-4bb1-ad17-906f25f7706d\" transition-magic=\"$4:$3;1:1:$target:cf60dc29-02b9-4bb1-ad17-906f25f7706d\"\
 exit-reason=\"\" on_node=\"rhel0$5\" call-id=\"$call\" rc-code=\"$3\" op-status=\"$4\" interval=\"0\" last-rc-change=\"17960922$call\"\
 exec-time=\"1\" queue-time=\"0\"$move op-digest=\"f2317cad3d54cec5d7d7aa7d0bf35cf8\"/>"
	done
}

# Prints what the scheduler would do about web and about nodes, in its order: "ACTION NODE;...".
transition() {
	on rhel01 sh -c 'cat >/tmp/cib.xml && crm_simulate --simulate --output-as=xml --xml-file /tmp/cib.xml' \
		<"$BATS_TEST_TMPDIR/cib.xml" >"$BATS_TEST_TMPDIR/transition.xml" || return
	sed -n '/<transition>/,/<\/transition>/p' "$BATS_TEST_TMPDIR/transition.xml" | sed -n \
		-e 's/.*<fencing_action target="\([a-z0-9]*\)".*/fence \1/p' \
		-e 's/.*<rsc_action resource="web" op="\([a-z_]*\)" node="\([a-z0-9]*\)".*/\1 \2/p' |
		grep -v '^monitor' | paste -s -d ';'
}

leads_to() { # ACTIONS
	local actions
	actions=$(transition)
	[[ $actions == "$1" ]] || {
		echo "not '$1' but '$actions'" >&2
		cat "$BATS_TEST_TMPDIR/transition.xml"
		return 1
	}
}

# Asks the agent on rhel01 about a ban in this state.
ban_is() { # harmless|harmful NODE
	local answer
	answer=$(on rhel01 sh -c 'cat >/tmp/cib.xml
		here=rhel01 rsc=web retry_after=300
		. /usr/lib/ocf/lib/cmigrate/functions.sh
		cibadmin() { cat /tmp/cib.xml; }
		ban_is_harmless "$1" && echo harmless || echo harmful' - "$2" <"$BATS_TEST_TMPDIR/cib.xml")
	[[ $answer == "$1" ]] || {
		echo "a ban of $2 is $answer" >&2
		return 1
	}
}
