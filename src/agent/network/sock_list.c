/* SPDX-License-Identifier: MIT */
#include "sock_list.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sock_netlink.h"

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

struct unix_walk {
	void (*each)(const struct unix_sock *sock, void *ctx);
	void *ctx;
};

static bool on_unix(const struct nlmsghdr *msg, void *ctx)
{
	const struct unix_walk *walk = ctx;
	struct unix_diag_msg d;

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return true;
	memcpy(&d, NLMSG_DATA(msg), sizeof(d));
	struct unix_diag_vfs vfs;
	struct unix_sock sock = {.inode = d.udiag_ino,
				 .datagram = d.udiag_type == SOCK_DGRAM,
				 .listens = d.udiag_state == TCP_LISTEN};
	const void *peer = sock_attr(msg, sizeof(d), UNIX_DIAG_PEER, sizeof(sock.peer));
	if (peer)
		memcpy(&sock.peer, peer, sizeof(sock.peer));
	const void *file = sock_attr(msg, sizeof(d), UNIX_DIAG_VFS, sizeof(vfs));
	if (file) {
		memcpy(&vfs, file, sizeof(vfs));
		sock.file = vfs.udiag_vfs_ino;
	}
	walk->each(&sock, walk->ctx);
	return true;
}

int sock_list_unix(struct request *req, void (*each)(const struct unix_sock *sock, void *ctx),
		   void *ctx)
{
	struct unix_walk walk = {each, ctx};
	struct unix_diag_req r = {
		.sdiag_family = AF_UNIX,
		.udiag_states = ~0u,
		.udiag_show = UDIAG_SHOW_PEER | UDIAG_SHOW_VFS,
	};

	if (sock_netlink_dump(&r, sizeof(r), on_unix, &walk) == 0)
		return 0;
	(void)request_errno(req, "the kernel doesn't tell its unix sockets");
	return -1;
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
