/* SPDX-License-Identifier: MIT */
/*
 * Verb place: what is known of service addresses before they are put on a host.
 *
 * op=look: says addr=JSON, and a route=JSON for each address. op=taken: says taken=IP WHO for each
 * address that another machine answers for; takes half a second for all of them.
 */
#include "address.h"
#include "agent/request/netns.h"
#include "neighbour.h"

static int look(struct request *req)
{
	struct address a;

	address_json(req, "addr");
	for (size_t i = 0; address_nth(req, i, &a); i++)
		route_json(req, a.ip);
	return 0;
}

int verb_place(struct request *req)
{
	CLEANUP_NETNS struct netns netns = {-1};
	int entered = netns_enter(req, &netns);

	if (entered < 0)
		return 1;
	/* An address can't be anywhere in a namespace that is gone; adding it will fail. */
	if (entered > 0)
		return 0;
	if (request_is(req, "op", "look"))
		return look(req);
	if (request_is(req, "op", "taken"))
		return neighbours_taken(req);
	return request_fail(req, "'place' has no such op");
}
