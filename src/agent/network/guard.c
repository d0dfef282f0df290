/* SPDX-License-Identifier: MIT */
/*
 * The port of a page server.
 *
 *   admit  nobody but `client` (and this host, `server`) reaches the page server at `port`. Another
 *          move may have that port, though it does not listen yet: then it is one of the next.
 *          Prints which.
 *   clear  takes that away
 *
 * Both can be done twice. A move's table has one chain, in_PORT: its name tells other moves.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "cmigrate/base/page_port.h"
#include "netlink.h"
#include "nf_table.h"
#include "nft.h"
#include "sock_diag.h"

#define LOCK_TICK_MS 5
#define TCP_LISTENING 10
#define TABLE_END "_guard"

int verb_guard(struct request *req);

/* The ports that other moves have. */
struct others {
	const char *own; /* table */
	struct argv chains;
};

static void keep_other(const char *table, const char *chain, void *ctx)
{
	struct others *others = ctx;
	size_t len = strlen(table), end = strlen(TABLE_END);

	if (str_starts(table, "cmigrate_") && len > end &&
	    strcmp(table + len - end, TABLE_END) == 0 && strcmp(table, others->own) != 0)
		argv_add(&others->chains, chain);
}

static bool note_listener(const struct sock *sock, void *ctx)
{
	(void)sock;
	*(bool *)ctx = true;
	return false;
}

/* 1: something listens there, or another move has it; 0: free; -1 with a message. */
static int is_taken(struct request *req, const struct others *others, unsigned port)
{
	const struct sock_match match = {.sport = port, .states = TCP_STATE(TCP_LISTENING)};
	CLEANUP_FREE char *chain = str_fmt("in_%u", port);
	bool listens = false;

	if (argv_has(&others->chains, chain))
		return 1;
	return sock_list(req, &match, note_listener, &listens) < 0 ? -1 : listens;
}

/* 0 with a port, or 1 with a message. */
static int find_port(struct request *req, const struct others *others, unsigned *ret_port)
{
	unsigned first = (unsigned)request_number(req, "port");

	for (unsigned port = first; port < first + PAGE_PORTS; port++) {
		int taken = is_taken(req, others, port);
		*ret_port = port;
		if (taken <= 0)
			return taken < 0;
	}
	return request_fail(req, "no port for memory is free");
}

static int close_to_others(struct request *req, const char *table, unsigned port)
{
	const char *server = request_get(req, "server"), *client = request_get(req, "client");
	CLEANUP_BUF struct buf rules = {0};

	buf_printf(&rules,
		   "add table inet %s\ndelete table inet %s\nadd table inet %s\n"
		   "add chain inet %s in_%u { type filter hook input priority -400; }\n"
		   "add rule inet %s in_%u tcp dport %u %s saddr != { %s, %s } drop\n",
		   table, table, table, table, port, table, port, port,
		   strchr(client, ':') ? "ip6" : "ip", server, client);
	return nft_run(req, rules.s, NULL);
}

/* One after the other: two moves must not find the same port free. A descriptor, or -1 with a
 * message. */
static int lock(struct request *req)
{
	int fd = open("/run/cmigrate", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || !request_sleep(req, LOCK_TICK_MS)) {
			(void)request_errno(req, "can't lock '/run/cmigrate'");
			netlink_close(&fd);
			return -1;
		}
	}
	if (fd < 0)
		(void)request_errno(req, "can't open '/run/cmigrate'");
	return fd;
}

static int admit(struct request *req, const char *table)
{
	struct others others = {.own = table};
	unsigned port = 0;

	if (!request_has(req, "server") || !request_has(req, "client") || !request_has(req, "port"))
		return request_fail(req, "'guard' needs server, client and port");
	CLEANUP_FD int locked = lock(req);
	if (locked < 0)
		return 1;
	int status = nf_chain_list(NF_INET, keep_other, &others) < 0
			     ? request_errno(req, "can't list the tables of nftables")
			     : find_port(req, &others, &port);
	if (status == 0)
		status = close_to_others(req, table, port);
	if (status == 0)
		request_say(req, "%u\n", port);
	argv_clear(&others.chains);
	return status;
}

int verb_guard(struct request *req)
{
	CLEANUP_FREE char *table = str_fmt("cmigrate_%s" TABLE_END, request_get(req, "tag"));

	if (request_is(req, "op", "admit"))
		return admit(req, table);
	if (request_is(req, "op", "clear"))
		return nf_table_delete(req, NF_INET, table);
	return request_fail(req, "'guard' knows no '%s'", request_get(req, "op"));
}
