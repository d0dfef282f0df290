/* SPDX-License-Identifier: MIT */
#include <netinet/in.h>
#include <stdlib.h>

#include "agent/network/sock_list.h"
#include "walk.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
/* A host's facts have no more of them either. */
#define LISTENERS_MAX 1000

struct sockets {
	struct walk *walk;
	unsigned listeners;
};

static int by_inode(const void *a, const void *b)
{
	const struct open_socket *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* NULL: no process of the container has it. */
static const struct open_socket *find(const struct walk *walk, uint32_t inode)
{
	const struct open_socket key = {.inode = inode};

	return inode ? bsearch(&key, walk->sockets, walk->n_sockets, sizeof(key), by_inode) : NULL;
}

static void on_listener(bool udp, const struct sock *sock, void *ctx)
{
	struct sockets *s = ctx;

	if (!find(s->walk, sock->inode) || s->listeners++ >= LISTENERS_MAX)
		return;
	CLEANUP_FREE char *local = sock_local(sock);
	request_say(s->walk->req, "%s=%s\n", udp ? "container-listen-udp" : "container-listen",
		    local);
}

static bool on_mptcp(const struct sock *sock, void *ctx)
{
	struct sockets *s = ctx;
	CLEANUP_FREE char *local = sock_local(sock);

	if (find(s->walk, sock->inode))
		walk_tell(s->walk, "mptcp", "%s", local);
	return true;
}

/* The other end is outside of the container. */
static void on_unix(const struct unix_sock *sock, void *ctx)
{
	struct sockets *s = ctx;
	const struct open_socket *ours = find(s->walk, sock->inode);

	if (ours && sock->peer && !find(s->walk, sock->peer))
		walk_tell(s->walk, "external", "%s, process %d, descriptor %d",
			  sock->datagram ? "datagram" : "stream", (int)ours->pid, ours->fd);
}

void container_sockets(struct walk *walk)
{
	struct netns netns = {-1};
	struct sockets s = {.walk = walk};
	pid_t pid = walk->first > 0 ? walk->first : walk->processes[0].pid;

	if (!walk->n_sockets)
		return;
	qsort(walk->sockets, walk->n_sockets, sizeof(*walk->sockets), by_inode);
	if (sock_enter_process(walk->req, pid, &netns) == 0) {
		(void)sock_list_listeners(walk->req, on_listener, &s);
		(void)sock_list_protocol(walk->req, IPPROTO_MPTCP, &(struct sock_match){0},
					 on_mptcp, &s);
		(void)sock_list_unix(walk->req, on_unix, &s);
	}
	netns_leave(&netns);
}
