/* SPDX-License-Identifier: MIT */
/*
 * Forwards packets that still arrive at the source for the service addresses to the destination
 * (nftables, ingress hook, fwd). No neighbour has to hear of the move for that.
 *
 *   set    at first only requests for new connections, so that half-open connections complete here
 *   all    everything, from now on; nothing is started, because the container is frozen
 *   clear  nothing any more
 *
 * From "all" on the frozen copy's kernel must say nothing either: an acknowledgement or a
 * retransmission that it sends after the dump has a later TCP timestamp than what the restored copy
 * goes on with, whose packets the client would drop as old ones. Table inet, TCP alone.
 */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "agent/request/netns.h"
#include "nf_table.h"
#include "nft.h"

#define PRIORITY (-500)

int verb_forward(struct request *req);

static const char *all_of(const struct address *address)
{
	return address->v6 ? "all6" : "all4";
}

static void add_tables(struct buf *rules, const char *table)
{
	static const char *const families[] = {"netdev", "inet"};

	for (size_t i = 0; i < 2; i++) {
		const char *family = families[i];
		/* "add" first: a table that isn't there can't be deleted. */
		buf_printf(rules,
			   "add table %s %s\ndelete table %s %s\nadd table %s %s\n"
			   "add set %s %s all4 { type ipv4_addr; }\n"
			   "add set %s %s all6 { type ipv6_addr; }\n",
			   family, table, family, table, family, table, family, table, family,
			   table);
	}
	buf_printf(rules,
		   "add chain inet %s out { type filter hook output priority -400; }\n"
		   "add rule inet %s out meta l4proto tcp ip saddr @all4 drop\n"
		   "add rule inet %s out meta l4proto tcp ip6 saddr @all6 drop\n",
		   table, table, table);
}

/* Adds the rules of one address to the chain of one device: packets for it may come in on any
 * device of the same wire (hold.c). */
static void add_rules(struct buf *rules, const char *table, const struct address *a, size_t chain,
		      const char *hop)
{
	const char *family = nft_family(a);
	CLEANUP_FREE char *to = str_fmt("fwd %s to %s device \"%s\"", family, hop, a->device);

	buf_printf(rules,
		   "add rule netdev %s in_%zu %s daddr %s tcp flags & (syn | ack) == syn %s\n"
		   "add rule netdev %s in_%zu %s daddr %s %s daddr @%s %s\n",
		   table, chain, family, a->ip, to, table, chain, family, a->ip, family, all_of(a),
		   to);
}

static void add_chain(struct request *req, struct buf *rules, const char *table,
		      const struct nft_addresses *addresses, size_t chain)
{
	nft_add_chain(rules, addresses, chain, table, PRIORITY);
	for (size_t i = 0; i < addresses->n; i++)
		add_rules(rules, table, &addresses->v[i], chain, request_nth(req, "hop", i));
}

static int set_forward(struct request *req, const char *table)
{
	CLEANUP_BUF struct buf rules = {0};
	struct nft_addresses addresses;

	if (nft_addresses(req, &addresses) != 0)
		return 1;
	add_tables(&rules, table);
	for (size_t i = 0; i < addresses.n; i++)
		if (!request_nth(req, "hop", i))
			return request_fail(req, "no next hop for '%s'", addresses.v[i].ip);
	for (size_t i = 0; i < addresses.n; i++) {
		if (nft_chain(&addresses, i) == i)
			add_chain(req, &rules, table, &addresses, i);
		/* The address leaves during the dump, which has no time to spare for it. */
		address_spare_others(addresses.v[i].device);
	}
	return nft_run(req, rules.s, NULL);
}

static int forward_all(struct request *req, const char *table)
{
	struct nf_element elements[2 * ADDRESSES_MAX];
	struct nft_addresses addresses;
	size_t n = 0;

	if (nft_addresses(req, &addresses) != 0)
		return 1;
	for (size_t i = 0; i < addresses.n; i++) {
		const struct address *a = &addresses.v[i];
		elements[n++] = (struct nf_element){NF_NETDEV, table, all_of(a), a->ip};
		elements[n++] = (struct nf_element){NF_INET, table, all_of(a), a->ip};
	}
	return nf_elements_add(elements, n) == 0 ? 0
						 : request_errno(req, "can't forward all packets");
}

static int serve(struct request *req, const char *op, const char *table, bool gone)
{
	if (strcmp(op, "clear") == 0)
		return gone || (nf_table_delete(req, NF_NETDEV, table) == 0 &&
				nf_table_delete(req, NF_INET, table) == 0)
			       ? 0
			       : 1;
	if (gone)
		return request_fail(req, "the network namespace '%s' is gone",
				    request_get(req, "netns"));
	if (strcmp(op, "set") == 0)
		return set_forward(req, table);
	if (strcmp(op, "all") == 0)
		return forward_all(req, table);
	return request_fail(req, "'forward' knows no '%s'", op);
}

int verb_forward(struct request *req)
{
	CLEANUP_FREE char *table = nft_table(req);
	CLEANUP_NETNS struct netns netns;
	int entered = netns_enter(req, &netns);

	return entered < 0 ? 1 : serve(req, request_get(req, "op"), table, entered > 0);
}
