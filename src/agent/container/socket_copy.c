/* SPDX-License-Identifier: MIT */
/*
 * Facts that only the sockets themselves tell. A copy of each descriptor is asked, and closed at
 * once. Linux before 5.6 gives none.
 */
#include "socket_copy.h"
#include "agent/request/process.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

static int ask(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

static void tell(struct socket_copy *copy, const char *key, const char *what)
{
	CLEANUP_FREE char *holder = socket_holder(copy->socket);

	walk_tell(copy->walk, key, "%s, %s", what, holder);
}

/* CRIU copies the byte as a usual one, or not at all. */
static bool has_urgent(const struct socket_copy *copy)
{
	struct pollfd p = {.fd = copy->fd, .events = POLLPRI};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLPRI);
}

static void print_end(const struct sockaddr_storage *end, char ip[64], unsigned *ret_port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (end->ss_family == AF_INET) {
		memcpy(&v4, end, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, ip, 64);
		*ret_port = ntohs(v4.sin_port);
		return;
	}
	memcpy(&v6, end, sizeof(v6));
	bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
	(void)inet_ntop(mapped ? AF_INET : AF_INET6, v6.sin6_addr.s6_addr + (mapped ? 12 : 0), ip,
			64);
	*ret_port = ntohs(v6.sin6_port);
}

/* Where it is bound and what it is connected with. */
static bool read_ends(const struct socket_copy *copy, struct sock *ret)
{
	struct sockaddr_storage own = {0}, other = {0};
	socklen_t own_len = sizeof(own), other_len = sizeof(other);

	memset(ret, 0, sizeof(*ret));
	ret->v6 = copy->domain == AF_INET6;
	if (getsockname(copy->fd, (struct sockaddr *)&own, &own_len) < 0)
		return false;
	print_end(&own, ret->src, &ret->sport);
	if (copy->type != SOCK_RAW &&
	    getpeername(copy->fd, (struct sockaddr *)&other, &other_len) == 0)
		print_end(&other, ret->dst, &ret->dport);
	return true;
}

/* Raw sockets, and those of TCP that are only bound, to an older kernel. */
static void look_at_unlisted(struct socket_copy *copy)
{
	int device = ask(copy->fd, SOL_SOCKET, SO_BINDTOIFINDEX);
	struct sock sock;

	if (!read_ends(copy, &sock))
		return;
	if (device > 0)
		sock.device = (unsigned)device;
	inet_bound(copy->walk, copy->type == SOCK_RAW ? IPPROTO_RAW : copy->protocol, copy->socket,
		   &sock);
}

/* Kernel TLS, for instance: the program writes plain text, the kernel encrypts it. */
static void look_at_layer(struct socket_copy *copy)
{
	char name[16] = "";
	socklen_t len = sizeof(name) - 1;
	struct sock sock;

	if (getsockopt(copy->fd, IPPROTO_TCP, TCP_ULP, name, &len) == 0 && len && *name &&
	    read_ends(copy, &sock))
		inet_keys(copy->walk, copy->socket, &sock,
			  strcmp(name, "tls") == 0 ? "kernel TLS" : name);
}

static void look_at_inet(struct socket_copy *copy)
{
	const struct open_socket *noted = socket_find(copy->walk, copy->socket->inode);

	copy->walk->sockets[copy->socket - copy->walk->sockets].raw = copy->type == SOCK_RAW;
	if (!noted->listed)
		look_at_unlisted(copy);
	if (copy->type == SOCK_DGRAM && copy->protocol == IPPROTO_UDP &&
	    ask(copy->fd, IPPROTO_UDP, UDP_CORK) == 1)
		tell(copy, "corked", "UDP_CORK");
	if (copy->type == SOCK_STREAM)
		look_at_layer(copy);
	if (copy->type == SOCK_STREAM && has_urgent(copy))
		tell(copy, "urgent", "a connection");
	if (copy->type != SOCK_STREAM)
		socket_groups(copy);
	socket_options(copy);
}

static void look(struct socket_copy *copy)
{
	copy->domain = ask(copy->fd, SOL_SOCKET, SO_DOMAIN);
	copy->type = ask(copy->fd, SOL_SOCKET, SO_TYPE);
	copy->protocol = ask(copy->fd, SOL_SOCKET, SO_PROTOCOL);
	if (copy->domain == AF_INET || copy->domain == AF_INET6)
		look_at_inet(copy);
}

/* A process, kept for its next socket. */
struct holder {
	pid_t pid;
	int fd; /* -1: none */
};

static void holder_drop(struct holder *holder)
{
	if (holder->fd >= 0)
		(void)close(holder->fd);
	*holder = (struct holder){.fd = -1};
}

/* The process may have closed it, and its number may be another file's by now. */
static int take_copy(const struct open_socket *socket, struct holder *holder)
{
	if (holder->fd < 0 || holder->pid != socket->pid) {
		holder_drop(holder);
		holder->pid = socket->pid;
		holder->fd = process_pidfd(socket->pid);
	}
	return holder->fd < 0 ? -1 : process_take_fd(holder->fd, socket->fd);
}

int socket_ask(const struct open_socket *socket, int level, int name)
{
	struct holder holder = {.fd = -1};
	int fd = take_copy(socket, &holder), value = -1;

	if (fd >= 0) {
		value = ask(fd, level, name);
		(void)close(fd);
	}
	holder_drop(&holder);
	return value;
}

void socket_copies(struct walk *walk)
{
	struct usual_options *usual = socket_options_usual();
	struct groups *groups = groups_read();
	struct socket_copy copy = {.walk = walk, .usual = usual, .groups = groups};
	struct holder holder = {.fd = -1};
	uint32_t last = 0;

	for (size_t i = 0; i < walk->n_sockets && !request_over(walk->req); i++) {
		copy.socket = &walk->sockets[i];
		/* Processes that were forked have the same socket. */
		if (copy.socket->inode == last)
			continue;
		last = copy.socket->inode;
		if (socket_find(walk, last)->local)
			continue;
		copy.fd = take_copy(copy.socket, &holder);
		if (copy.fd < 0)
			continue;
		look(&copy);
		(void)close(copy.fd);
	}
	holder_drop(&holder);
	groups_free(groups);
	socket_options_free(usual);
}

void raw_passing(struct walk *walk, struct passings *ret)
{
	struct holder holder = {.fd = -1};

	for (size_t i = 0; i < walk->n_sockets; i++) {
		const struct open_socket *socket = &walk->sockets[i];
		int fd = socket->raw ? take_copy(socket, &holder) : -1, waiting = 0;
		if (fd < 0)
			continue;
		if (ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0)
			passing_add(ret, "unread", socket, str_dup("a raw socket"));
		(void)close(fd);
	}
	holder_drop(&holder);
}
