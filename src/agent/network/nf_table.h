/* SPDX-License-Identifier: MIT */
/*
 * nf_table: tables of nftables, asked for, emptied and deleted over netlink(7): no program is
 * started, and a table that is not there is told from an error by the kernel's number for it. All
 * of it happens in the network namespace that the thread is in (netns.h). A kernel without nftables
 * has no table.
 */
#ifndef CMIGRATE_AGENT_NF_TABLE_H
#define CMIGRATE_AGENT_NF_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/request/request.h"

/* NFPROTO_* of linux/netfilter.h, which can't be included beside netinet/in.h. */
enum nf_family { NF_ALL, NF_INET, NF_IPV4, NF_ARP, NF_NETDEV = 5, NF_BRIDGE = 7, NF_IPV6 = 10 };
/* Its name for nft(8). */
const char *nf_family_name(enum nf_family family);

/* 1: it is there; 0: it is not; -1 with errno. */
int nf_table_exists(enum nf_family family, const char *table);
/* Calls back for each table of every family. -1 with errno. */
int nf_table_list(void (*each)(enum nf_family family, const char *table, void *ctx), void *ctx);
/* Calls back for each chain of a family. -1 with errno. */
int nf_chain_list(enum nf_family family,
		  void (*each)(const char *table, const char *chain, void *ctx), void *ctx);
/* Deletes a table with all that is in it. 0 if it is gone, whoever deleted it; else 1 with a
 * message in the request. */
int nf_table_delete(struct request *req, enum nf_family family, const char *table);
/* Deletes the chains of a table that have no rule, and the table if nothing is left in it. */
void nf_table_delete_empty(enum nf_family family, const char *table);

/* An address for a set of addresses. */
struct nf_element {
	enum nf_family family; /* of the table */
	const char *table, *set;
	const char *ip;
};
/* Adds all of them or none, at one moment; one that is there stays. -1 with errno. */
int nf_elements_add(const struct nf_element *elements, size_t n);

#endif
