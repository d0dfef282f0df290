/* SPDX-License-Identifier: MIT */
/*
 * allow_table: every command that cmigrate runs on a host over ssh, and so everything that
 * `cmigrate gate-keeper` accepts; allow.h has the grammar. Every command that src/ sends needs a
 * row here.
 */
#include <stddef.h>

#include "allow.h"

const struct allow_alias allow_aliases[] = {
	{"bundle", "{root}/{name}"},
	{"state", "{root}/{name}/.cmigrate"},
	{"images", "{state}/images-{id}"},
	{"images", "{bundle}/checkpoint"},
	{"run", "/run/cmigrate/{name}"},
	{"pages", "{run}/pages"},
	{"strategy", "auto"},
	{"strategy", "cold"},
	{"strategy", "pre-copy"},
	{"strategy", "post-copy"},
	{"strategy", "hybrid"},
	{"port", "sport = :{page-port}"},
	{"netns", ""},
	{"netns", "{net-file}"},
	{"address", "{ip}/{number}@{device}"},
	{"next-hop", "{address},{ip}"},
	{"env-tag", "CMIGRATE_MOVE={id}"},
	{"env-tag", "CMIGRATE_RECOVER={id}.{number}"},
	/* Lines of ip -batch, commands of nft. */
	{"leave", "addr del {ip}/{number} dev {device}\n"},
	{"leave", "addr del {ip}/{number} dev {device}\n{leave}"},
	{"set", "all4"},
	{"set", "all6"},
	{"family", "netdev"},
	{"family", "inet"},
	{"forward", "add element {family} cmigrate_{tag} {set} { {ip} };"},
	{"forward", "add element {family} cmigrate_{tag} {set} { {ip} };{forward}"},
	{NULL, NULL},
};

/* clang-format off */
#define ROW(...) {.words = __VA_ARGS__}

const struct allow_row allow_session =
	ROW("exec env CMIGRATE_VERSION={version} [{env-tag}] sh");

const struct allow_row allow_rows[] = {
	/* Questions. */
	ROW("true"),
	ROW("test -d {root}|{bundle}"),
	ROW("test -e {images}"),
	ROW("du -sk {images}"),
	ROW("head -c 1048577 {bundle}/config.json"),
	ROW("(list) [addresses|load]"),
	ROW("(state) {name}"),
	ROW("(open) {bundle} {id}"),
	ROW("(facts) {name} {bundle} {id} source|destination strategy={strategy} [transport=direct] "
	 "peer={host} "
	 "address={ip}... bind={path}... [netns={net-file}]"),
	ROW("(place) look {netns} {address}|{ip}/{number}@..."),
	ROW("(place) taken {netns} {address}..."),

	/* The state of a container on the shared directory, but not its config.json or its
	 * images. */
	ROW("rm -f -- {state}/proof-{id}"),
	ROW("rmdir --ignore-fail-on-non-empty -- {state}"),

	/* Starting and ending a container. */
	ROW("(run) {name} {bundle}", .touches = true),
	ROW("(end) {name} {number}", .touches = true),

	/* Work directory and gate. */

	/* Freezing, dumping, restoring. */
	ROW("(whole) {name}"),
	ROW("(status) {name} {run} {bundle}"),
	ROW("(fence) {id} {env-tag}"),
	ROW("sync -f {images}"),

	/* Memory before and after the container. */
	ROW("(pages) {run} {images} {name} {ip} {page-port}", .env = "CMIGRATE_PAGES={run}",
	    .log = "{run}/pages.out", .touches = true),
	ROW("(socket) {run}"),
	ROW("(drain) {run}"),
	ROW("(unpage) {run}"),
	ROW("(nudge) {run} {ip} {page-port}"),
	ROW("ss -H -tin {port}"),
	ROW("ss -H -tan {port}"),
	ROW("(guard) admit {tag} {ip} {page-port} {ip}"),
	ROW("(guard) clear {tag}"),

	/* Memory straight to the destination. */
	ROW("(receive) {number} {number} {run} {ip} {page-port} {seconds}", .env = "CMIGRATE_PAGES={run}"),
	ROW("(listens) {run}"),
	ROW("(gather) {images} {pages} {number}|all"),
	ROW("(cut) dump|fetch {run} {ip} {page-port}"),

	/* The service address and its packets. */
	ROW("(address) up|enter|announce {netns} {address}..."),
	ROW("(address) down {netns} {address}|{ip}/{number}@..."),
	ROW("(settle) {netns} {ip}..."),
	ROW("(criu_locks) note|remove {run} {netns}"),
	ROW("(hold) set|no_drop|clear {tag} {netns} {address}..."),
	ROW("(bounce) set {tag} {netns} {next-hop}..."),
	ROW("(bounce) clear {tag} {netns}"),
	ROW("nft {forward}"),
	ROW("nsenter --net={net-file} -- nft {forward}"),
	ROW("ip -force -batch -", .input = "{leave}"),
	ROW("nsenter --net={net-file} -- ip -force -batch -", .input = "{leave}"),
	ROW("tc qdisc change dev cm{tag} root plug release_indefinite"),
	ROW("nsenter --net={net-file} -- tc qdisc change dev cm{tag} root plug release_indefinite"),
	ROW("tc qdisc change dev cm{tag} root tbf rate 10gbit burst 1mb "
	 "limit 32mb"),
	ROW("nsenter --net={net-file} -- tc qdisc change dev cm{tag} root tbf rate 10gbit burst 1mb "
	 "limit 32mb"),
	ROW("ping -q -c 1 -W 0.01 -I cm{tag} 192.0.2.1"),
	ROW("nsenter --net={net-file} -- ping -q -c 1 -W 0.01 -I cm{tag} 192.0.2.1"),
	{.words = NULL},
};
/* clang-format on */
