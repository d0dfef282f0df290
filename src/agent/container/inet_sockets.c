/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "agent/network/sock_list.h"
#include "sockets.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
/* A host's facts have no more of them either. */
#define LISTENERS_MAX 1000
#define TCP_ALL                                                                                    \
	(TCP_CONNECTED | TCP_STATE(TCP_LISTEN) | TCP_STATE(TCP_CLOSE) | TCP_STATE(TCP_ONLY_BOUND))
/* Programs accept sooner, if they do. */
#define UNACCEPTED_MS 1000

struct inet {
	struct walk *walk;
	struct passings *ret;
	struct argv said; /* addresses that connections come from */
	int protocol;
	unsigned listeners;
	/* Connections of the container, those of others, and those that nobody has accepted. */
	struct socks {
		struct sock *v;
		size_t n;
	} ours, others, waiting, listening;
};

static void add(struct socks *to, const struct sock *sock)
{
	/* The array grows in powers of two. */
	if ((to->n & (to->n - 1)) == 0)
		to->v = mem_grow(to->v, to->n ? to->n * 2 : 1, sizeof(*to->v));
	to->v[to->n++] = *sock;
}

static bool is_any(const char *ip)
{
	return strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

/* Whether every host has it: a loopback's, or one of many receivers. */
static bool is_everywhere(const char *ip)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET6, ip, &v6) == 1)
		return IN6_IS_ADDR_UNSPECIFIED(&v6) || IN6_IS_ADDR_LOOPBACK(&v6) ||
		       IN6_IS_ADDR_MULTICAST(&v6);
	return inet_pton(AF_INET, ip, &v4) != 1 || v4.s_addr == INADDR_ANY ||
	       v4.s_addr == INADDR_BROADCAST || IN_MULTICAST(ntohl(v4.s_addr)) ||
	       ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

static const char *kind_of(int protocol, const struct sock *sock)
{
	if (protocol == IPPROTO_RAW)
		return "raw";
	if (protocol == IPPROTO_TCP)
		return "listener";
	return sock->dport ? "datagrams" : "receiver";
}

/* With such an option a program is bound to an address that the host need not have. CRIU binds a
 * socket of IPv4 before it sets that. */
static bool is_free_bound(const struct open_socket *ours, const struct sock *sock)
{
	return sock->v6 && !sock->dport &&
	       (socket_ask(ours, IPPROTO_IPV6, IPV6_FREEBIND) == 1 ||
		socket_ask(ours, IPPROTO_IPV6, IPV6_TRANSPARENT) == 1);
}

/* "KIND ADDRESS, ENDS, HOLDER": an address of the host, once for each kind. */
static void tell_address(struct walk *walk, int protocol, const struct open_socket *ours,
			 const struct sock *sock)
{
	const char *kind = kind_of(protocol, sock);
	CLEANUP_FREE char *what = str_fmt("%s %s", kind, sock->src);

	if (is_everywhere(sock->src) || request_is(walk->req, "ip", sock->src) ||
	    !socket_is_new(walk, what) || is_free_bound(ours, sock))
		return;
	CLEANUP_FREE char *ends = socket_ends(sock), *holder = socket_holder(ours);
	walk_tell(walk, "bound", "%s, %s, %s", what, ends, holder);
}

static void tell_device(struct walk *walk, const struct open_socket *ours, const struct sock *sock)
{
	char name[IF_NAMESIZE];

	if (!sock->device || !if_indextoname(sock->device, name))
		return;
	CLEANUP_FREE char *what = str_fmt("device %s", name);
	if (!socket_is_new(walk, what))
		return;
	CLEANUP_FREE char *holder = socket_holder(ours);
	walk_tell(walk, "bound-device", "%s, %s", name, holder);
}

void inet_bound(struct walk *walk, int protocol, const struct open_socket *ours,
		const struct sock *sock)
{
	tell_address(walk, protocol, ours, sock);
	tell_device(walk, ours, sock);
}

/* A health check may use an address of the host, and go. Once for each address. */
static void note_address(struct inet *inet, const struct open_socket *ours, const struct sock *sock)
{
	if (is_everywhere(sock->src) || request_is(inet->walk->req, "ip", sock->src) ||
	    argv_has(&inet->said, sock->src))
		return;
	argv_add(&inet->said, sock->src);
	CLEANUP_FREE char *ends = socket_ends(sock);
	passing_add(inet->ret, "bound", ours, str_fmt("connection %s, %s", sock->src, ends));
}

static void tell_listener(struct inet *inet, const struct sock *sock)
{
	if (inet->listeners++ >= LISTENERS_MAX)
		return;
	CLEANUP_FREE char *local = sock_local(sock);
	request_say(inet->walk->req, "%s=%s\n",
		    inet->protocol == IPPROTO_TCP ? "container-listen" : "container-listen-udp",
		    local);
}

void inet_keys(struct walk *walk, const struct open_socket *ours, const struct sock *sock,
	       const char *what)
{
	CLEANUP_FREE char *ends = socket_ends(sock), *holder = socket_holder(ours);

	walk_tell(walk, "tcp-keys", "%s, %s, %s", what, ends, holder);
}

static bool on_inet(const struct sock *sock, void *ctx)
{
	struct inet *inet = ctx;
	const struct open_socket *ours = socket_find(inet->walk, sock->inode);
	bool tcp = inet->protocol == IPPROTO_TCP, listens = tcp && sock->state == TCP_LISTEN;

	if (tcp && !ours && sock->dport)
		add(sock->inode ? &inet->others : &inet->waiting, sock);
	if (!ours)
		return true;
	if (listens || (inet->protocol == IPPROTO_UDP && sock->state == TCP_CLOSE))
		tell_listener(inet, sock);
	if (listens)
		add(&inet->listening, sock);
	else if (tcp && sock->dport)
		add(&inet->ours, sock);
	inet->walk->sockets[ours - inet->walk->sockets].listed = true;
	if (sock->has_md5)
		inet_keys(inet->walk, ours, sock, "TCP_MD5SIG");
	if (tcp && sock->dport)
		note_address(inet, ours, sock);
	else
		tell_address(inet->walk, inet->protocol, ours, sock);
	tell_device(inet->walk, ours, sock);
	return true;
}

static bool on_mptcp(const struct sock *sock, void *ctx)
{
	struct inet *inet = ctx;
	CLEANUP_FREE char *local = sock_local(sock);

	if (socket_find(inet->walk, sock->inode))
		walk_tell(inet->walk, "mptcp", "%s", local);
	return true;
}

static bool is_young(const struct sock *sock)
{
	return sock->silence_ms < UNACCEPTED_MS;
}

static void tell_unaccepted(struct inet *inet, const struct sock *listener)
{
	unsigned n = 0;

	for (size_t i = 0; i < inet->waiting.n; i++) {
		const struct sock *s = &inet->waiting.v[i];
		n += s->sport == listener->sport && !is_young(s) &&
		     (is_any(listener->src) || strcmp(s->src, listener->src) == 0) &&
		     (s->state == TCP_ESTABLISHED || s->state == TCP_CLOSE_WAIT);
	}
	if (!n)
		return;
	const struct open_socket *ours = socket_find(inet->walk, listener->inode);
	CLEANUP_FREE char *holder = socket_holder(ours), *local = sock_local(listener);
	walk_tell(inet->walk, "unaccepted", "%u at %s, %s", n, local, holder);
}

static int by_ends(const void *a, const void *b)
{
	const struct sock *x = a, *y = b;
	int d = (int)x->sport - (int)y->sport;

	d = d ? d : (int)x->dport - (int)y->dport;
	d = d ? d : strcmp(x->src, y->src);
	return d ? d : strcmp(x->dst, y->dst);
}

/* The other end of a connection of the container is on this host and not in the container. */
static void find_left_behind(struct inet *inet)
{
	if (inet->others.n)
		qsort(inet->others.v, inet->others.n, sizeof(*inet->others.v), by_ends);
	for (size_t i = 0; i < inet->ours.n && inet->others.n; i++) {
		const struct sock *s = &inet->ours.v[i];
		struct sock other = {.sport = s->dport, .dport = s->sport};
		memcpy(other.src, s->dst, sizeof(other.src));
		memcpy(other.dst, s->src, sizeof(other.dst));
		if (!bsearch(&other, inet->others.v, inet->others.n, sizeof(other), by_ends))
			continue;
		passing_add(inet->ret, "left-behind", socket_find(inet->walk, s->inode),
			    socket_ends(s));
	}
}

struct unread {
	struct walk *walk;
	struct passings *ret;
};

static bool on_datagrams(const struct sock *sock, void *ctx)
{
	struct unread *u = ctx;
	const struct open_socket *ours = socket_find(u->walk, sock->inode);

	if (ours && sock->receive_queue)
		passing_add(u->ret, "unread", ours, socket_ends(sock));
	return true;
}

/* Few kernels list raw sockets: their copies are asked. */
static const int without_streams[] = {IPPROTO_UDP, IPPROTO_UDPLITE};
#define N_WITHOUT_STREAMS (sizeof(without_streams) / sizeof(*without_streams))

static void find_unread(struct walk *walk, struct passings *ret)
{
	struct unread u = {walk, ret};

	for (size_t i = 0; i < N_WITHOUT_STREAMS; i++)
		(void)sock_list_protocol(walk->req, without_streams[i], &(struct sock_match){0},
					 on_datagrams, &u);
}

static void inet_clear(struct inet *inet)
{
	argv_clear(&inet->said);
	free(inet->ours.v);
	free(inet->others.v);
	free(inet->waiting.v);
	free(inet->listening.v);
}

void inet_sockets(struct walk *walk, struct passings *ret)
{
	struct inet inet = {.walk = walk, .ret = ret, .protocol = IPPROTO_TCP};
	struct sock_match all = {.states = TCP_ALL};

	if (sock_list(walk->req, &all, on_inet, &inet) < 0) {
		inet_clear(&inet);
		return;
	}
	for (size_t i = 0; i < inet.listening.n; i++)
		tell_unaccepted(&inet, &inet.listening.v[i]);
	find_left_behind(&inet);
	all.states = 0;
	for (size_t i = 0; i < N_WITHOUT_STREAMS; i++) {
		inet.protocol = without_streams[i];
		(void)sock_list_protocol(walk->req, inet.protocol, &all, on_inet, &inet);
	}
	(void)sock_list_protocol(walk->req, IPPROTO_MPTCP, &all, on_mptcp, &inet);
	find_unread(walk, ret);
	inet_clear(&inet);
}

static bool on_connection(const struct sock *sock, void *ctx)
{
	struct inet *inet = ctx;

	const struct open_socket *ours = socket_find(inet->walk, sock->inode);

	if (!sock->inode || !sock->dport)
		return true;
	add(ours ? &inet->ours : &inet->others, sock);
	if (ours)
		note_address(inet, ours, sock);
	return true;
}

void inet_passing(struct walk *walk, struct passings *ret)
{
	struct inet inet = {.walk = walk, .ret = ret, .protocol = IPPROTO_TCP};

	(void)sock_list(walk->req, &(struct sock_match){.states = TCP_CONNECTED}, on_connection,
			&inet);
	find_left_behind(&inet);
	find_unread(walk, ret);
	inet_clear(&inet);
}
