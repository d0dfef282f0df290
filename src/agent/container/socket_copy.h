/* SPDX-License-Identifier: MIT */
/* socket_copy: a descriptor of the container's as one of the agent's own, to ask the socket. */
#ifndef CMIGRATE_AGENT_SOCKET_COPY_H
#define CMIGRATE_AGENT_SOCKET_COPY_H

#include "sockets.h"

struct usual_options;
struct groups;

struct socket_copy {
	struct walk *walk;
	const struct open_socket *socket;
	int fd, domain, type, protocol;
	const struct usual_options *usual;
	const struct groups *groups;
};

/* The values that options have in this network namespace if nobody has set them. */
struct usual_options *socket_options_usual(void);
void socket_options_free(struct usual_options *usual);
/* Tells the options of a socket of TCP, UDP or a raw protocol that CRIU forgets. */
void socket_options(struct socket_copy *copy);

/* The multicast groups of this network namespace that programs may have joined. */
struct groups *groups_read(void);
void groups_free(struct groups *groups);
/* Tells the groups that a socket of UDP or a raw protocol has joined. */
void socket_groups(struct socket_copy *copy);

#endif
