/* SPDX-License-Identifier: MIT */
#include <netinet/tcp.h>
#include <string.h>

#include "agent/request/netns.h"
#include "cmigrate/base/deadline.h"
#include "sock_diag.h"

#define SETTLE_MS 250
#define LOOK_MS 5

/* A program that has not accepted a connection by then does not accept any. */
#define STUCK_MS 1000

struct look {
	struct request *req;
	bool busy;
};

static bool is_wildcard(const char *ip)
{
	return strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

/* A connection that nobody has open waits to be accepted, or has been closed by its program. */
static bool look_at_waiting(const struct sock *sock, void *ctx)
{
	struct look *look = ctx;

	look->busy = !sock->inode && sock->silence_ms < STUCK_MS &&
		     request_is(look->req, "ip", sock->src);
	return !look->busy;
}

static bool has_young(struct request *req, unsigned port)
{
	const struct sock_match match = {
		.sport = port, .states = TCP_STATE(TCP_ESTABLISHED) | TCP_STATE(TCP_CLOSE_WAIT)};
	struct look look = {.req = req};

	return sock_list(req, &match, look_at_waiting, &look) == 0 && look.busy;
}

static bool look_at(const struct sock *sock, void *ctx)
{
	struct look *look = ctx;
	bool ours = request_is(look->req, "ip", sock->src);

	look->busy = sock->state == TCP_SYN_RECV
			     ? ours
			     : sock->receive_queue > 0 && (ours || is_wildcard(sock->src)) &&
				       has_young(look->req, sock->sport);
	return !look->busy;
}

/*
 * settle [netns] ip...: waits, for 250 ms at most, until no connection to the addresses is half
 * open or waits to be accepted. CRIU does not dump such connections; new ones go to the destination
 * already. Those that a program has left in its queue for a second are not waited for.
 */
int verb_settle(struct request *req)
{
	CLEANUP_NETNS struct netns netns = {-1};
	const struct sock_match match = {.states = TCP_STATE(TCP_SYN_RECV) | TCP_STATE(TCP_LISTEN)};
	int64_t end = deadline_in_ms(SETTLE_MS);
	int entered = netns_enter(req, &netns);

	if (entered != 0)
		return entered < 0;
	do {
		struct look look = {.req = req};
		if (sock_list(req, &match, look_at, &look) < 0)
			return 1;
		if (!look.busy)
			return 0;
	} while (!deadline_passed(end) && request_sleep(req, LOOK_MS));
	return 0;
}
