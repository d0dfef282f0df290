/* SPDX-License-Identifier: MIT */
/*
 * Holds back packets that arrive for the service addresses.
 *
 *   set      prints how: "plug" or "bucket" (packet_queue.h), or "dropped": the kernel has no ifb,
 * or can't redirect. Then the senders repeat them. release  lets go what is queued, of that kind;
 * nothing is started, because clients wait no_drop  no packet is dropped any more; nothing is
 * started clear    takes all away; packets that are still queued are lost
 *
 * nft redirects arriving packets to an ifb device whose qdisc lets nothing out. Not tc: the kernel
 * stops a device for a moment, up to a second as a client sees it, when an ingress qdisc comes or
 * goes.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/request/netns.h"
#include "nf_table.h"
#include "nft.h"
#include "packet_queue.h"

#define PRIORITY (-400)

int verb_hold(struct request *req);

/* The parts of a hold on a host; the move's tag is in all names. */
struct hold {
	struct request *req;
	char *ifb, *table;
	struct nft_addresses addresses;
};

static const char *const kinds[] = {[QUEUE_PLUG] = "plug", [QUEUE_BUCKET] = "bucket"};

/* For all addresses on each device: a host may answer for the address of one device on another one
 * of the same wire (arp_ignore of the kernel is 0), and packets come in there. */
static void add_chain(const struct hold *hold, struct buf *rules, size_t device)
{
	nft_add_chain(rules, &hold->addresses, device, hold->table, PRIORITY);
	for (size_t i = 0; i < hold->addresses.n; i++) {
		const struct address *a = &hold->addresses.v[i];
		buf_printf(rules, "add rule netdev %s in_%zu %s daddr %s fwd to \"%s\"\n",
			   hold->table, device, nft_family(a), a->ip, hold->ifb);
	}
}

static int redirect(struct hold *hold)
{
	CLEANUP_BUF struct buf rules = {0};
	CLEANUP_FREE char *unheard = NULL;

	buf_printf(&rules, "add table netdev %s\n", hold->table);
	for (size_t i = 0; i < hold->addresses.n; i++)
		if (nft_chain(&hold->addresses, i) == i)
			add_chain(hold, &rules, i);
	return nft_run(hold->req, rules.s, &unheard);
}

static int queue(struct hold *hold, enum packet_queue *ret_kind)
{
	CLEANUP_ARGV struct argv devices = {0};

	for (size_t i = 0; i < hold->addresses.n; i++)
		argv_add(&devices, hold->addresses.v[i].device);
	return packet_queue_make(hold->ifb, &devices, ret_kind) < 0 ? 1 : redirect(hold);
}

static int drop(struct hold *hold, char **ret_why)
{
	CLEANUP_BUF struct buf rules = {0};

	buf_printf(&rules,
		   "add table inet %s\n"
		   "add chain inet %s in { type filter hook prerouting priority %d; }\n",
		   hold->table, hold->table, PRIORITY);
	for (size_t i = 0; i < hold->addresses.n; i++)
		buf_printf(&rules, "add rule inet %s in %s daddr %s drop\n", hold->table,
			   nft_family(&hold->addresses.v[i]), hold->addresses.v[i].ip);
	return nft_run(hold->req, rules.s, ret_why);
}

static int no_drop(struct hold *hold)
{
	return nf_table_delete(hold->req, NF_INET, hold->table);
}

/* No packet enters the queue any more. Released packets that are still in it leave first; a queue
 * that was not released is dropped. */
static int no_queue(struct hold *hold)
{
	if (nf_table_delete(hold->req, NF_NETDEV, hold->table) != 0)
		return 1;
	packet_queue_drain(hold->req, hold->ifb);
	return packet_queue_delete(hold->ifb) == 0
		       ? 0
		       : request_errno(hold->req, "can't delete the device '%s'", hold->ifb);
}

static int set_hold(struct hold *hold)
{
	CLEANUP_FREE char *unheard = NULL;
	enum packet_queue kind;

	if (nft_addresses(hold->req, &hold->addresses) != 0)
		return 1;
	/*
	 * Left by a move or a recovery that was killed, perhaps half made. It is made anew under a
	 * drop: where the address is up already, a packet that came through would be answered by a
	 * reset. Or packets are sent on from here, where the container goes back to its source by a
	 * restore.
	 */
	if (packet_queue_exists(hold->ifb) || nf_table_exists(NF_NETDEV, hold->table) != 0) {
		(void)drop(hold, &unheard);
		if (no_queue(hold) != 0)
			return 1;
	}
	if (queue(hold, &kind) == 0) {
		request_say(hold->req, "%s\n", kinds[kind]);
		return no_drop(hold);
	}
	if (no_queue(hold) != 0 || drop(hold, NULL) != 0)
		return 1;
	request_say(hold->req, "dropped\n");
	return 0;
}

static int release(struct hold *hold)
{
	enum packet_queue kind =
		request_is(hold->req, "kind", kinds[QUEUE_PLUG]) ? QUEUE_PLUG : QUEUE_BUCKET;

	int later, status = packet_queue_release(hold->ifb, kind, &later);
	request_close_later(hold->req, later);
	return status == 0 ? 0
			   : request_errno(hold->req, "the queue '%s' doesn't let go", hold->ifb);
}

static int serve(struct hold *hold, const char *op, bool gone)
{
	if (gone)
		return strcmp(op, "clear") == 0 ? 0
						: request_fail(hold->req,
							       "the network namespace "
							       "'%s' is gone",
							       request_get(hold->req, "netns"));
	if (strcmp(op, "set") == 0)
		return set_hold(hold);
	if (strcmp(op, "release") == 0)
		return release(hold);
	if (strcmp(op, "no_drop") == 0)
		return no_drop(hold);
	if (strcmp(op, "clear") == 0)
		return no_queue(hold) != 0 ? 1 : no_drop(hold);
	return request_fail(hold->req, "'hold' knows no '%s'", op);
}

int verb_hold(struct request *req)
{
	struct hold hold = {.req = req};
	CLEANUP_NETNS struct netns netns;
	int entered = netns_enter(req, &netns);

	if (entered < 0)
		return 1;
	hold.ifb = str_fmt("cm%s", request_get(req, "tag"));
	hold.table = nft_table(req);
	int status = serve(&hold, request_get(req, "op"), entered > 0);
	free(hold.ifb);
	free(hold.table);
	return status;
}
