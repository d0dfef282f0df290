/* SPDX-License-Identifier: MIT */
#include "nf_table.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

#ifndef NLM_F_NONREC
#define NLM_F_NONREC 0x100
#endif
#define REPLIES_MAX (64 * 1024)

const char *nf_family_name(enum nf_family family)
{
	static const char *const names[] = {
		[NF_INET] = "inet",	[NF_IPV4] = "ip",	[NF_ARP] = "arp",
		[NF_NETDEV] = "netdev", [NF_BRIDGE] = "bridge", [NF_IPV6] = "ip6",
	};

	return family < sizeof(names) / sizeof(*names) && names[family] ? names[family] : "";
}

/* A kernel without nftables, or without this family of it. A batch gets no EINVAL for that. */
static bool is_without(int error)
{
	return error == EPROTONOSUPPORT || error == EAFNOSUPPORT || error == EOPNOTSUPP;
}

/* For a question, a kernel without the subsystem calls the message invalid. */
static bool is_unasked(int error)
{
	return error == EINVAL || is_without(error);
}

static void begin(struct netlink_message *m, int type, int flags, enum nf_family family)
{
	const struct nfgenmsg fixed = {.nfgen_family = (uint8_t)family, .version = NFNETLINK_V0};

	netlink_begin(m, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &fixed, sizeof(fixed));
}

/* A name in a reply; NULL if it has none that ends. */
static const char *name_in(const struct nlmsghdr *reply, int attribute)
{
	size_t len;
	const char *name = netlink_get(reply, sizeof(struct nfgenmsg), attribute, 1, &len);

	return name && memchr(name, '\0', len) ? name : NULL;
}

static int dump(struct netlink_message *m, struct buf *ret)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_NETFILTER);

	if (fd >= 0 && netlink_dump(fd, m, ret) == 0)
		return 0;
	return is_unasked(errno) ? 0 : -1;
}

int nf_table_list(void (*each)(enum nf_family family, const char *table, void *ctx), void *ctx)
{
	CLEANUP_BUF struct buf replies = {0};
	const struct nlmsghdr *h;
	struct netlink_message m;
	size_t place = 0;

	begin(&m, NFT_MSG_GETTABLE, 0, NF_ALL);
	if (dump(&m, &replies) < 0)
		return -1;
	while ((h = netlink_next(&replies, &place, sizeof(struct nfgenmsg))) != NULL) {
		const struct nfgenmsg *fixed = NLMSG_DATA(h);
		const char *name = name_in(h, NFTA_TABLE_NAME);
		if (name)
			each(fixed->nfgen_family, name, ctx);
	}
	return 0;
}

int nf_chain_list(enum nf_family family,
		  void (*each)(const char *table, const char *chain, void *ctx), void *ctx)
{
	CLEANUP_BUF struct buf replies = {0};
	const struct nlmsghdr *h;
	struct netlink_message m;
	size_t place = 0;

	begin(&m, NFT_MSG_GETCHAIN, 0, family);
	if (dump(&m, &replies) < 0)
		return -1;
	while ((h = netlink_next(&replies, &place, sizeof(struct nfgenmsg))) != NULL) {
		const char *table = name_in(h, NFTA_CHAIN_TABLE);
		const char *chain = name_in(h, NFTA_CHAIN_NAME);
		if (table && chain)
			each(table, chain, ctx);
	}
	return 0;
}

int nf_table_exists(enum nf_family family, const char *table)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_NETFILTER);
	CLEANUP_BUF struct buf reply = {0};
	struct netlink_message m;

	begin(&m, NFT_MSG_GETTABLE, 0, family);
	netlink_put_text(&m, NFTA_TABLE_NAME, table);
	if (fd >= 0 && netlink_ask(fd, &m, &reply) == 0)
		return 1;
	return errno == ENOENT || is_unasked(errno) ? 0 : -1;
}

/* Changes are made by a batch, as a whole or not at all. */
struct batch {
	struct buf text;
	uint32_t n;
};

static void batch_mark(struct batch *batch, int type)
{
	const struct nfgenmsg fixed = {.version = NFNETLINK_V0,
				       .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	struct netlink_message m;

	netlink_begin(&m, type, 0, &fixed, sizeof(fixed));
	m.header.nlmsg_seq = batch->n++;
	buf_add(&batch->text, &m, m.header.nlmsg_len);
}

static void batch_add(struct batch *batch, struct netlink_message *m)
{
	m->header.nlmsg_flags |= NLM_F_ACK;
	m->header.nlmsg_seq = batch->n++;
	/* A multiple of four: attributes are padded. */
	buf_add(&batch->text, m, m->header.nlmsg_len);
}

/* The first error in some replies; 0: none. *ret_any: whether there was any reply at all. */
static int first_error(const struct buf *replies, bool *ret_any)
{
	const struct nlmsghdr *h;
	size_t place = 0;

	while ((h = netlink_next(replies, &place, sizeof(int))) != NULL) {
		int code;
		if (h->nlmsg_type != NLMSG_ERROR)
			continue;
		memcpy(&code, NLMSG_DATA(h), sizeof(code));
		*ret_any = true;
		if (code < 0)
			return -code;
	}
	return 0;
}

/* The kernel has answered when send(2) returns: all replies are there. */
static int batch_send(const struct batch *batch)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_NETFILTER);
	CLEANUP_BUF struct buf replies = {0};
	CLEANUP_FREE char *room = mem_new(1, REPLIES_MAX);
	bool any = false;
	int error = 0;

	if (fd < 0 || send(fd, batch->text.s, batch->text.len, 0) < 0)
		return -1;
	while (!error) {
		ssize_t n = recv(fd, room, REPLIES_MAX, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		replies.len = 0;
		buf_add(&replies, room, (size_t)n);
		error = first_error(&replies, &any);
	}
	errno = any ? error : EPROTO;
	return any && !error ? 0 : -1;
}

static int batch_run(struct netlink_message *changes, size_t n)
{
	struct batch batch = {0};

	batch_mark(&batch, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < n; i++)
		batch_add(&batch, &changes[i]);
	batch_mark(&batch, NFNL_MSG_BATCH_END);
	int status = batch_send(&batch);
	int kept = errno;
	buf_clear(&batch.text);
	errno = kept;
	return status;
}

static int delete_table(enum nf_family family, const char *table, int flags)
{
	struct netlink_message m;

	begin(&m, NFT_MSG_DELTABLE, flags, family);
	netlink_put_text(&m, NFTA_TABLE_NAME, table);
	return batch_run(&m, 1);
}

int nf_table_delete(struct request *req, enum nf_family family, const char *table)
{
	if (delete_table(family, table, 0) == 0 || errno == ENOENT || is_without(errno))
		return 0;
	return request_errno(req, "can't delete the table '%s %s' of nftables",
			     nf_family_name(family), table);
}

struct chains {
	const char *table;
	struct argv names;
};

static void keep_chain(const char *table, const char *chain, void *ctx)
{
	struct chains *chains = ctx;

	if (strcmp(table, chains->table) == 0)
		argv_add(&chains->names, chain);
}

void nf_table_delete_empty(enum nf_family family, const char *table)
{
	struct chains chains = {.table = table};
	struct netlink_message m;

	(void)nf_chain_list(family, keep_chain, &chains);
	for (size_t i = 0; i < chains.names.n; i++) {
		begin(&m, NFT_MSG_DELCHAIN, NLM_F_NONREC, family);
		netlink_put_text(&m, NFTA_CHAIN_TABLE, table);
		netlink_put_text(&m, NFTA_CHAIN_NAME, chains.names.v[i]);
		(void)batch_run(&m, 1);
	}
	argv_clear(&chains.names);
	(void)delete_table(family, table, NLM_F_NONREC);
}

static void put_element(struct netlink_message *m, const struct nf_element *element)
{
	unsigned char address[sizeof(struct in6_addr)];
	bool v6 = strchr(element->ip, ':') != NULL;

	(void)inet_pton(v6 ? AF_INET6 : AF_INET, element->ip, address);
	begin(m, NFT_MSG_NEWSETELEM, NLM_F_CREATE, element->family);
	netlink_put_text(m, NFTA_SET_ELEM_LIST_TABLE, element->table);
	netlink_put_text(m, NFTA_SET_ELEM_LIST_SET, element->set);
	size_t list = netlink_nest(m, NLA_F_NESTED | NFTA_SET_ELEM_LIST_ELEMENTS);
	size_t item = netlink_nest(m, NLA_F_NESTED | NFTA_LIST_ELEM);
	size_t key = netlink_nest(m, NLA_F_NESTED | NFTA_SET_ELEM_KEY);
	netlink_put(m, NFTA_DATA_VALUE, address, v6 ? 16 : 4);
	netlink_nest_end(m, key);
	netlink_nest_end(m, item);
	netlink_nest_end(m, list);
}

int nf_elements_add(const struct nf_element *elements, size_t n)
{
	struct netlink_message *changes = mem_new(n, sizeof(*changes));

	for (size_t i = 0; i < n; i++)
		put_element(&changes[i], &elements[i]);
	int status = batch_run(changes, n);
	int kept = errno;
	free(changes);
	errno = kept;
	return status;
}
