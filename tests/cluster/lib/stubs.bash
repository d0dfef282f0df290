# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # shared variables
# The resource agent between a cmigrate and a cluster that are files in $BATS_TEST_TMPDIR.
#
#   here       the exit code of "status --local": 0 here, 3 not here, 7 uncommitted
#   status     what "status --json" prints
#   VERB.does  a line of shell that VERB of cmigrate runs; its exit code is the verb's
#   crm_mon, cibadmin, ...: the same, NAME.does
#   told       what was called, a line each

agent=$BATS_TEST_DIRNAME/../../packaging/ocf/resource.d/cmigrate/container

set_up_stubs() {
	local program
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin
	for program in crm_mon crm_resource cibadmin crm_simulate; do
		stub "$program" "$program.does"
	done
	cat >bin/cmigrate <<-'END'
		#!/bin/bash
		while [[ $1 == -* ]]; do
			case $1 in
			--config | --bundle-root) shift 2 ;;
			--json | --quiet) shift ;;
			esac
		done
		verb=$1
		[[ " $* " != *" --local "* ]] || { echo "$(<here)" >>looked; exit "$(<here)"; }
		if [[ $verb == status ]]; then
			cat status
			exit "$(cat status.exits 2>/dev/null || echo 0)"
		fi
		echo "cmigrate $*" >>told
		[[ ! -e $verb.does ]] || . "./$verb.does"
	END
	chmod +x bin/*
	PATH=$PWD/bin:$PATH
	: >told
	echo 3 >here
	mkdir -p web && echo '{}' >web/config.json
	echo '{"hosts": {"rhel01": {}, "rhel02": {}, "rhel03": {}}}' >config.json
	says_status null
	export OCF_RESOURCE_INSTANCE=web OCF_RESKEY_name=web OCF_RESKEY_config=$PWD/config.json \
		OCF_RESKEY_CRM_meta_on_node=rhel01 OCF_RESKEY_CRM_meta_migrate_target=rhel02 OCF_CMIGRATE_RUN=$PWD/run
}

stub() { # PROGRAM FILE
	cat >"bin/$1" <<-END
		#!/bin/bash
		cd "$BATS_TEST_TMPDIR" || exit
		echo "$1 \$*" >>told
		[[ ! -e $2 ]] || . "./$2"
	END
}

# Sets what status says: the move under way, whether there is a checkpoint, its memory.
says_status() { # MOVE [CHECKPOINT [MEMORY [ANSWERS]]]
	echo "{\"name\":\"web\",\"host\":\"rhel01\",\"state\":\"running\",\"bundle\":\"$PWD/web\",\"memory_bytes\":${3:-1048577},\
\"endpoints\":[{\"url\":\"http://x/\",\"answers\":${4:-true}}],\"unreachable\":[],\"checkpoint\":${2:-false},\"move\":$1}" >status
}

move_of() { # SOURCE DESTINATION
	echo "{\"id\":\"20260102T030405-00000001\",\"source\":\"$1\",\"destination\":\"$2\",\"committed\":false,\"settled_by\":\"cmigrate recover web\"}"
}

# Sets what crm_mon says of rhel02, and of fencing.
says_cluster() { # FENCES UNCLEAN [FENCED-NODE [STATUS]]
	local event=''
	[[ -z ${3:-} ]] || event="<fence_event action=\"off\" target=\"$3\" client=\"x\" status=\"${4:-success}\" completed=\"x\"/>"
	cat >crm_mon.does <<-END
		cat <<-'XML'
			<pacemaker-result api-version="2.25" request="crm_mon --one-shot --output-as=xml">
			  <summary>
			    <cluster_options stonith-enabled="$1" symmetric-cluster="true" no-quorum-policy="stop"/>
			  </summary>
			  <nodes>
			    <node name="rhel01" id="1" online="true" standby="false" unclean="false" type="member"/>
			    <node name="rhel02" id="2" online="false" standby="false" unclean="$2" type="member"/>
			    <node name="rhel03" id="3" online="true" standby="false" unclean="false" type="member"/>
			  </nodes>
			  <resources>
			    <resource id="web" role="Started"><node name="rhel02" id="2" cached="true"/></resource>
			  </resources>
			  <fence_history>
			    $event
			  </fence_history>
			</pacemaker-result>
		XML
	END
}

# Runs an action; its output and exit code are in $output and $status.
act() { # ACTION
	: >told
	run timeout "$(scaled 30)" "$agent" "$1"
	echo "$1: $status $output"
	cat told
}
