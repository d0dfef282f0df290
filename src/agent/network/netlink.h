/* SPDX-License-Identifier: MIT */
/*
 * netlink: requests to the kernel over netlink(7), and what it says. For rtnetlink(7) and every
 * other family of the same form. A socket belongs to the network namespace that the thread was in
 * when it was opened (netns.h), and to one thread.
 */
#ifndef CMIGRATE_AGENT_NETLINK_H
#define CMIGRATE_AGENT_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/str.h"

/* Opens a socket for NETLINK_ROUTE, NETLINK_SOCK_DIAG...; the caller closes it. -1 with errno. */
int netlink_open(int protocol);
#define CLEANUP_FD __attribute__((cleanup(netlink_close)))
void netlink_close(int *fd); /* nothing if it is negative; errno stays */

#define NETLINK_BODY_MAX 4096

/* One request: the family's fixed part (struct ifaddrmsg, ...), then attributes. */
struct netlink_message {
	struct nlmsghdr header;
	char body[NETLINK_BODY_MAX];
};

/* type: RTM_NEWADDR...; flags: NLM_F_CREATE..., which the calls below complete. */
void netlink_begin(struct netlink_message *m, int type, int flags, const void *fixed, size_t len);
/* Attributes. One that has no room left is dropped, and the request then fails with EMSGSIZE. */
void netlink_put(struct netlink_message *m, int attribute, const void *data, size_t len);
void netlink_put_u32(struct netlink_message *m, int attribute, uint32_t value);
void netlink_put_text(struct netlink_message *m, int attribute, const char *text);
/* Opens a nested attribute and gives its place, for its end. */
size_t netlink_nest(struct netlink_message *m, int attribute);
void netlink_nest_end(struct netlink_message *m, size_t place);

/* Sends a request and waits for the kernel's acknowledgement. -1 with the kernel's errno. */
int netlink_do(int fd, struct netlink_message *m);
/* Sends a request and adds its one reply to *ret, for netlink_next(). -1 with errno. */
int netlink_ask(int fd, struct netlink_message *m, struct buf *ret);
/* Adds all replies to a request for a list; one that the kernel's list has changed under is asked
 * for again, a few times. -1 with errno; *ret is then as before. */
int netlink_dump(int fd, struct netlink_message *m, struct buf *ret);

/* The replies one after another; *place is 0 for the first. NULL: no more. Each has its fixed part
 * of `fixed` bytes at least: shorter ones are skipped. */
const struct nlmsghdr *netlink_next(const struct buf *replies, size_t *place, size_t fixed);
/* The value of an attribute after the fixed part, of min bytes at least; NULL if there is none.
 * ret_len may be NULL. Borrowed from the reply. */
const void *netlink_get(const struct nlmsghdr *reply, size_t fixed, int attribute, size_t min,
			size_t *ret_len);
/* The same inside a nested attribute. */
const void *netlink_get_in(const void *nest, size_t nest_len, int attribute, size_t min,
			   size_t *ret_len);

/* The index of a device; 0 if there is none of that name. */
int netlink_device(int fd, const char *name);

#endif
