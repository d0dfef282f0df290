/* SPDX-License-Identifier: MIT */
/* nft: rules of nftables for the service addresses of a request. */
#ifndef CMIGRATE_AGENT_NFT_H
#define CMIGRATE_AGENT_NFT_H

#include "agent/request/request.h"
#include "cmigrate/base/name.h"

/* The table of a move's tag. Owned by the caller. */
char *nft_table(const struct request *req);

struct nft_addresses {
	struct address v[ADDRESSES_MAX];
	size_t n;
};
/* The field `address` of a request, each with its device; 0, or 1 with a message. */
int nft_addresses(struct request *req, struct nft_addresses *ret);
/* "ip" or "ip6" */
const char *nft_family(const struct address *address);
/* Adds the commands for a chain of table TABLE that sees what arrives at the address's device. Its
 * name is in_ and a number: addresses of one device have one chain. */
void nft_add_chain(struct buf *rules, const struct nft_addresses *addresses, size_t i,
		   const char *table, int priority);
/* The number in its name. */
size_t nft_chain(const struct nft_addresses *addresses, size_t i);

/* Starts one nft for all commands, which are done at one moment or not at all. 0, or 1 with its
 * reason in *ret_why (then the caller owns it; NULL: in the request's messages). */
int nft_run(struct request *req, const char *rules, char **ret_why);

#endif
