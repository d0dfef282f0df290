/* SPDX-License-Identifier: MIT */
#include "sock_list.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

char *sock_local(const struct sock *sock)
{
	char name[IF_NAMESIZE] = "";
	bool v6 = strchr(sock->src, ':') != NULL;
	/* An IPv6 wildcard takes IPv4 too if it isn't told otherwise. */
	bool any = strcmp(sock->src, "::") == 0 && !sock->v6only;

	if (sock->device && !if_indextoname(sock->device, name))
		*name = '\0';
	return str_fmt("%s%s%s%s%s:%u", v6 && !any ? "[" : "", any ? "*" : sock->src,
		       v6 && !any ? "]" : "", *name ? "%" : "", name, sock->sport);
}

struct listeners {
	bool udp;
	void (*each)(bool udp, const struct sock *sock, void *ctx);
	void *ctx;
};

static bool on_listener(const struct sock *sock, void *ctx)
{
	struct listeners *l = ctx;
	l->each(l->udp, sock, l->ctx);
	return true;
}

int sock_list_listeners(struct request *req,
			void (*each)(bool udp, const struct sock *sock, void *ctx), void *ctx)
{
	struct listeners l = {.each = each, .ctx = ctx};

	if (sock_list(req, &(struct sock_match){.states = TCP_STATE(TCP_LISTEN)}, on_listener, &l) <
	    0)
		return -1;
	l.udp = true;
	return sock_list_protocol(req, IPPROTO_UDP,
				  &(struct sock_match){.states = TCP_STATE(TCP_CLOSE)}, on_listener,
				  &l);
}

int sock_enter_process(struct request *req, pid_t pid, struct netns *ret)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/ns/net", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ret->own = -1;
	/* A zombie has no namespace any more. */
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return 1;
	if (fd >= 0)
		ret->own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	bool entered = ret->own >= 0 && setns(fd, CLONE_NEWNET) == 0;
	int cause = errno;
	if (fd >= 0)
		(void)close(fd);
	if (entered)
		return 0;
	errno = cause;
	(void)request_errno(req, "the network namespace of process %d", (int)pid);
	return -1;
}
