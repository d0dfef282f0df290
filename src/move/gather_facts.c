/* SPDX-License-Identifier: MIT */
/* Asks both hosts for their facts before a move, and the endpoints whether they answer. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "cmigrate/check/memory_left.h"
#include "part.h"

/* Bounds a hang: a host that can't be reached is known before. An emulated one has taken 20 s. */
#define FACTS_MS 60000
/* The hosts answer meanwhile: an endpoint that answers in this time costs nothing. */
#define ENDPOINT_MS 1000

/* The other host's address for memory, or its name in the network: without a user. */
static const char *peer_of(const struct move *m, const struct host *host)
{
	const struct host *peer =
		host == m->side[SOURCE].host ? m->side[DESTINATION].host : m->side[SOURCE].host;
	if (peer->migration_address)
		return peer->migration_address;
	const char *name = peer->ssh ? peer->ssh : peer->name;
	const char *at = strrchr(name, '@');

	return at ? at + 1 : name;
}

/*
 * The address by which this machine knows a host, IPv4 if it has one: the agents have no resolver,
 * only their hosts' /etc/hosts. False if there is none, or one of this machine or a link alone.
 */
static bool resolve_as(const char *name, int family, char ret[INET6_ADDRSTRLEN])
{
	const struct addrinfo wanted = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	if (getaddrinfo(name, NULL, &wanted, &found) != 0)
		return false;
	const struct in_addr v4 =
		((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr;
	const struct in6_addr v6 =
		family == AF_INET6
			? ((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr
			: in6addr_any;
	freeaddrinfo(found);
	if (family == AF_INET)
		return ntohl(v4.s_addr) >> 24 != IN_LOOPBACKNET &&
		       inet_ntop(AF_INET, &v4, ret, INET6_ADDRSTRLEN);
	return !IN6_IS_ADDR_LOOPBACK(&v6) && !IN6_IS_ADDR_LINKLOCAL(&v6) &&
	       inet_ntop(AF_INET6, &v6, ret, INET6_ADDRSTRLEN);
}

static bool resolve(const char *name, char ret[INET6_ADDRSTRLEN])
{
	return resolve_as(name, AF_INET, ret) || resolve_as(name, AF_INET6, ret);
}

/* Only memory that goes straight between the hosts needs their addresses. */
static void add_peer(struct move *m, const struct host *host, struct argv *a)
{
	const char *peer = peer_of(m, host);
	char ip[INET6_ADDRSTRLEN];

	if (!move_is_direct(m) && !move_is_post_copy(m) && m->plan.if_slow != IF_SLOW_POST_COPY)
		return;
	argv_addf(a, "peer=%s", peer);
	if (resolve(peer, ip))
		argv_addf(a, "peer-ip=%s", ip);
}

/* The facts for hybrid are those for every strategy that it may become, and "auto" has the rates.
 */
static enum strategy_id strategy_asked(const struct move *m)
{
	if (m->kind == MOVE_WHOLE && m->plan.if_slow == IF_SLOW_POST_COPY)
		return STRATEGY_HYBRID;
	if (m->kind == MOVE_WHOLE && m->plan.if_slow == IF_SLOW_ABORT &&
	    m->plan.strategy == STRATEGY_COLD)
		return STRATEGY_AUTO;
	return m->plan.strategy;
}

int move_ask(struct move *m, struct host *host, const char *role, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	const struct bundle *b = &m->bundle;

	argv_add(&a, "facts");
	argv_addf(&a, "container=%s", b->name);
	argv_addf(&a, "id=%s", m->id);
	argv_addf(&a, "role=%s", role);
	argv_addf(&a, "strategy=%s", strategy_name(strategy_asked(m)));
	if (move_is_direct(m))
		argv_add(&a, "transport=direct");
	add_peer(m, host, &a);
	for (size_t i = 0; i < b->n_addresses; i++)
		argv_addf(&a, "ip=%s", b->addresses[i].ip);
	for (size_t i = 0; i < b->binds.n; i++)
		argv_addf(&a, "bind=%s", b->binds.v[i]);
	if (b->netns)
		argv_addf(&a, "netns=%s", b->netns);
	struct command cmd = {.argv = a.v, .timeout_ms = FACTS_MS};
	return host_start(host, &cmd, job, err);
}

void move_ask_endpoints(struct move *m)
{
	struct err silent = ERR_INIT;

	if (m->kind == MOVE_WHOLE && m->bundle.endpoints.n &&
	    probe_now(&m->bundle.endpoints, ENDPOINT_MS, &move_stop, NULL, &silent) < 0)
		str_set(&m->progress.endpoint_silence, silent.msg);
}

/* "PID r|w FD MODE SIZE SECONDS INODE BUILDID PATH" (src/agent/container/used_files.c). */
static void add_file(struct buf *text, const char *fact)
{
	int fd, at = 0;

	if (sscanf(fact, "%*d %*c %d %*s %*s %*s %*s %*s %n", &fd, &at) == 1 && at &&
	    fact[at] == '/')
		buf_printf(text, "%c %s\n", fd < 0 ? 'i' : '-', fact + at);
}

int move_ask_files(const struct move *m, struct host *host, struct job *job, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", m->bundle.name);
	char *const argv[] = {(char *)"files", container, NULL};
	const struct facts *facts = &m->side[SOURCE].facts;
	CLEANUP_BUF struct buf text = {0};

	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->rows[i].key, "file") == 0)
			add_file(&text, facts->rows[i].value);
	if (m->kind != MOVE_WHOLE || !text.len)
		return 0;
	struct command cmd = {.argv = argv, .input = buf_str(&text), .timeout_ms = FACTS_MS};
	return host_start(host, &cmd, job, err);
}

/* Asks the destination a second time, for what the source has named, and adds that to its facts. */
static int compare_files(struct move *m, struct job *dst, struct err *err)
{
	CLEANUP_JOB struct job files = {0};

	if (move_ask_files(m, m->side[DESTINATION].host, &files, err) < 0)
		return -1;
	if (files.state == JOB_NONE)
		return 0;
	job_wait(&files);
	if (job_failure(&files, err) < 0)
		return -1;
	buf_puts(&dst->out, buf_str(&files.out));
	return 0;
}

/* Asks both hosts at once. A fenced host is not asked. */
int move_gather_facts(struct move *m, const struct config *config, struct err *err)
{
	const struct config_host *row = config_find(config, m->side[DESTINATION].name);
	CLEANUP_JOB struct job room = {0};
	CLEANUP_JOB struct job src = {0};
	CLEANUP_JOB struct job dst = {0};
	struct job *jobs[] = {&src, &dst};

	if (move_ask(m, m->side[SOURCE].host, "source", &src, err) < 0 ||
	    move_ask(m, m->side[DESTINATION].host, "destination", &dst, err) < 0 ||
	    (m->kind == MOVE_WHOLE && room_ask(row, m->side[DESTINATION].host, &room, err) < 0))
		return move_refusal(err);
	move_ask_endpoints(m);
	jobs_wait_all(jobs, 2);
	if (job_failure(&src, err) < 0 || job_failure(&dst, err) < 0 ||
	    room_read(row, &room, &m->destination_room, err) < 0)
		return move_refusal(err);
	facts_parse(&m->side[SOURCE].facts,
		    buf_str(m->side[SOURCE].host->fenced ? &dst.out : &src.out));
	if (compare_files(m, &dst, err) < 0)
		return move_refusal(err);
	facts_parse(&m->side[DESTINATION].facts,
		    buf_str(m->side[DESTINATION].host->fenced ? &src.out : &dst.out));
	return 0;
}
