/* SPDX-License-Identifier: MIT */
/* sock_netlink: the netlink socket of sock_diag(7). For the other sock_*.c. */
#ifndef CMIGRATE_AGENT_SOCK_NETLINK_H
#define CMIGRATE_AGENT_SOCK_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

/* The value of an attribute of at least min bytes among those after a message's header of `header`
 * bytes; NULL if the kernel sent none. ret_len may be NULL. */
const void *sock_attr(const struct nlmsghdr *msg, size_t header, unsigned type, size_t min,
		      size_t *ret_len);

/*
 * Sends a request (len bytes, of SOCK_DIAG_BY_FAMILY) and calls back for each message of the
 * answer until that returns false. 0, or -1 with errno: ENOENT if this kernel has no such sockets.
 */
int sock_netlink_dump(const void *request, size_t len,
		      bool (*each)(const struct nlmsghdr *msg, void *ctx), void *ctx);
/* Sends one SOCK_DESTROY; fd is of sock_netlink_open(). 0, or -1 with errno. */
int sock_netlink_destroy(int fd, const void *request, size_t len);
/* -1 with errno. */
int sock_netlink_open(void);

#endif
