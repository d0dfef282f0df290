/* SPDX-License-Identifier: MIT */
/*
 * What a move needs to know of a host, one KEY=VALUE a line. A key may come more than once, and
 * complete=yes is the last line. Leaves nothing on the host but the answers that are kept
 * (kept_answer.h).
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/container_facts.h"
#include "agent/container/runc_state_json.h"
#include "agent/network/address.h"
#include "agent/network/ifb.h"
#include "agent/network/neighbour.h"
#include "agent/network/sock_list.h"
#include "agent/network/sock_unix.h"
#include "agent/request/fact.h"
#include "agent/request/netns.h"
#include "agent/request/paths.h"
#include "agent/request/text_file.h"
#include "agent/restore/tmpfs_attributes.h"
#include "agent/shared/cordons.h"
#include "agent/shared/proof.h"
#include "host_facts.h"
#include "peer_facts.h"
#include "program_facts.h"

/* A host with more listeners, or names of unix sockets, tells of these. */
#define LISTENERS_MAX 1000
#define NAMES_MAX 500
#define OWNER_MAX 256

static bool is_source(const struct request *req)
{
	return request_is(req, "role", "source");
}

static bool has_strategy(const struct request *req, const char *one, const char *other)
{
	return request_is(req, "strategy", one) || request_is(req, "strategy", other);
}

struct listeners {
	struct request *req;
	size_t n;
};

static void say_listener(bool udp, const struct sock *sock, void *ctx)
{
	struct listeners *said = ctx;

	if (said->n++ >= LISTENERS_MAX)
		return;
	CLEANUP_FREE char *local = sock_local(sock);
	fact_say(said->req, udp ? "listen-udp" : "listen", local);
}

/* Names that the container may want: abstract ones for itself, others to connect to. */
static void say_name(const struct unix_sock *sock, void *ctx)
{
	struct listeners *said = ctx;
	bool receives = sock->type == SOCK_DGRAM && sock->name_len;

	if ((!receives && !unix_holds_abstract(sock)) || said->n++ >= NAMES_MAX)
		return;
	CLEANUP_FREE char *name = unix_name(sock);
	request_say(said->req, "unix=%s %s\n", unix_type(sock), name);
}

static void say_nonlocal(struct request *req, const char *file, const char *family)
{
	CLEANUP_FREE char *text = text_file_read(file, 16, NULL);

	if (text && *text == '1')
		fact_say(req, "nonlocal-bind", family);
}

/* Ports and names that are taken where the container is to be, and addresses it may take. */
static void say_sockets(struct request *req)
{
	struct listeners listeners = {.req = req}, names = {.req = req};

	(void)sock_list_listeners(req, say_listener, &listeners);
	(void)sock_list_unix(req, say_name, &names);
	say_nonlocal(req, "/proc/sys/net/ipv4/ip_nonlocal_bind", "ipv4");
	say_nonlocal(req, "/proc/sys/net/ipv6/ip_nonlocal_bind", "ipv6");
}

/* The service addresses are in the container's network namespace if config.json names one. A
 * namespace that is missing is one of the facts, and the host's own addresses are told instead. */
static int say_addresses(struct request *req)
{
	CLEANUP_NETNS struct netns netns = {.own = -1};
	const char *ip;

	if (netns_enter(req, &netns) < 0)
		return 1;
	address_json(req, "addr");
	for (size_t i = 0; (ip = request_nth(req, "ip", i)) != NULL; i++)
		route_json(req, ip);
	if (is_source(req))
		return 0;
	neighbours_owners(req);
	/* A container without a network namespace of its own shares them. */
	say_sockets(req);
	return 0;
}

/* Says the type of each source of a bind mount: "d" a directory, "f" another file. */
static void say_binds(struct request *req)
{
	const char *path;
	struct stat st;

	for (size_t i = 0; (path = request_nth(req, "bind", i)) != NULL; i++) {
		if (stat(path, &st) < 0) {
			fact_say(req, "missing-bind", path);
			continue;
		}
		request_say(req, "bind-is=%c %s\n", S_ISDIR(st.st_mode) ? 'd' : 'f', path);
		if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
			fact_say(req, "bind-link", path);
	}
}

static int network_facts(struct request *req)
{
	if (say_addresses(req) != 0)
		return 1;
	const char *netns = request_get(req, "netns");
	if (netns && access(netns, F_OK) < 0)
		fact_say(req, "missing-netns", netns);
	say_binds(req);
	return 0;
}

/* Facts that only some strategies or transports need. */
static void plan_facts(struct request *req)
{
	bool lazy = has_strategy(req, "post-copy", "hybrid");

	if (lazy || request_has(req, "transport"))
		peer_facts(req);
	if (lazy)
		host_pipe_facts(req);
	if (!is_source(req)) {
		if (request_has(req, "transport"))
			fact_say_room(req, "run-space", "/run");
		fact_say_yes(req, "ifb", ifb_is_known(req));
	} else if (has_strategy(req, "auto", "pre-copy") || has_strategy(req, "hybrid", "hybrid")) {
		proof_speed_facts(req);
	}
}

/* A cluster's resource that has the container (include/cmigrate/container/owner.h). */
static void say_owner(struct request *req)
{
	CLEANUP_FREE char *state = path_state(req);
	CLEANUP_FREE char *path = str_fmt("%s/owner", state);
	CLEANUP_FREE char *text = text_file_read(path, OWNER_MAX, NULL);

	if (text)
		fact_say(req, "owner", str_trim(text));
}

static void say_state(struct request *req, const struct runc_state *state)
{
	CLEANUP_BUF struct buf json = {0};

	if (state->status)
		runc_state_json(&json, state);
	fact_say(req, "state", buf_str(&json));
}

/* If runc's record can't be understood the name may not be free: then not all has been told. If
 * runc is missing, a check says so. */
static int say_container(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return 1;
	say_state(req, &state);
	if (!is_source(req) || !state.status)
		return 0;
	tmpfs_attributes(req, &state);
	return container_facts(req, &state);
}

static void say_problem(struct request *req)
{
	CLEANUP_FREE char *why = program_reason(&req->err);

	fact_say(req, "problem", why);
}

/* The programs run beside everything else. */
int verb_facts(struct request *req)
{
	struct program_facts programs;

	if (!is_source(req) && !request_is(req, "role", "destination"))
		return request_fail(req, "'%s' is no role here", request_get(req, "role"));
	program_facts_begin(req, &programs);
	host_facts(req);
	proof_facts(req);
	int status = network_facts(req);
	plan_facts(req);
	if (is_source(req))
		say_owner(req);
	else
		cordons_say(req);
	if (status == 0)
		status = say_container(req);
	program_facts_end(req, &programs);
	/* What is told shows what is wrong, better than a failure would. */
	if (request_over(req))
		return 0;
	if (status != 0)
		say_problem(req);
	else
		fact_say(req, "complete", "yes");
	return 0;
}
