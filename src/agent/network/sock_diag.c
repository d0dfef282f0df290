/* SPDX-License-Identifier: MIT */
#include "sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sock_netlink.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define INFO_PART(member)                                                                          \
	offsetof(struct tcp_info, member), sizeof(((struct tcp_info *)NULL)->member)
/* Newer kernels also list sockets that are only bound; they are left out. */
#define STATES_ALL 0xfffu

/* As the kernel has it in inet_diag_sockid, IPv4 mapped into IPv6. */
struct address {
	bool set;
	unsigned char b[16];
};

struct walk {
	const struct sock_match *match;
	struct address src, dst;
	int protocol;
	bool (*each)(const struct sock *sock, void *ctx);
	void *ctx;
	bool stopped;
	/* For sock_kill(): the matching ones, instead of a call. */
	struct inet_diag_req_v2 *victims;
	size_t n_victims;
};

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

/* True if the text is no address at all: then nothing may match. */
static bool address_parse(const char *text, struct address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!text)
		return true;
	ret->set = true;
	if (inet_pton(AF_INET6, text, ret->b) == 1)
		return true;
	memcpy(ret->b, mapped, sizeof(mapped));
	return inet_pton(AF_INET, text, ret->b + sizeof(mapped)) == 1;
}

static void address_of(unsigned family, const __be32 from[4], struct address *ret)
{
	ret->set = true;
	if (family == AF_INET6) {
		memcpy(ret->b, from, sizeof(ret->b));
		return;
	}
	memcpy(ret->b, mapped, sizeof(mapped));
	memcpy(ret->b + sizeof(mapped), from, 4);
}

static bool address_is(const struct address *wanted, const struct address *a)
{
	return !wanted->set || memcmp(wanted->b, a->b, sizeof(a->b)) == 0;
}

static void address_print(const struct address *a, char *to, size_t size)
{
	bool v4 = memcmp(a->b, mapped, sizeof(mapped)) == 0;

	*to = '\0';
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? a->b + sizeof(mapped) : a->b, to,
			(socklen_t)size);
}

static bool matches(const struct walk *walk, const struct inet_diag_msg *d, struct address *src,
		    struct address *dst)
{
	const struct sock_match *m = walk->match;

	address_of(d->idiag_family, d->id.idiag_src, src);
	address_of(d->idiag_family, d->id.idiag_dst, dst);
	return (!m->sport || ntohs(d->id.idiag_sport) == m->sport) &&
	       (!m->dport || ntohs(d->id.idiag_dport) == m->dport) &&
	       (!m->states || (m->states & TCP_STATE(d->idiag_state))) &&
	       address_is(&walk->src, src) && address_is(&walk->dst, dst);
}

static void add_victim(struct walk *walk, const struct inet_diag_msg *d)
{
	walk->victims = mem_grow(walk->victims, walk->n_victims + 1, sizeof(*walk->victims));
	walk->victims[walk->n_victims++] = (struct inet_diag_req_v2){
		.sdiag_family = d->idiag_family,
		.sdiag_protocol = IPPROTO_TCP,
		.id = d->id,
	};
}

/* A member of tcp_info, of which an older kernel may have less; it then stays as it is. */
static void take_info(const struct nlmsghdr *msg, size_t offset, size_t size, void *ret)
{
	const char *info =
		sock_attr(msg, sizeof(struct inet_diag_msg), INET_DIAG_INFO, offset + size, NULL);

	if (info)
		memcpy(ret, info + offset, size);
}

static bool on_message(const struct nlmsghdr *msg, void *ctx)
{
	struct walk *walk = ctx;
	struct inet_diag_msg d;
	struct address src, dst;

	if (msg->nlmsg_len < NLMSG_LENGTH(sizeof(d)))
		return true;
	memcpy(&d, NLMSG_DATA(msg), sizeof(d));
	if (!matches(walk, &d, &src, &dst))
		return true;
	if (!walk->each) {
		add_victim(walk, &d);
		return true;
	}
	struct sock sock = {.sport = ntohs(d.id.idiag_sport),
			    .dport = ntohs(d.id.idiag_dport),
			    .state = d.idiag_state,
			    .device = d.id.idiag_if,
			    .v6 = d.idiag_family == AF_INET6,
			    .receive_queue = d.idiag_rqueue,
			    .inode = d.idiag_inode,
			    .uid = d.idiag_uid};
	address_print(&src, sock.src, sizeof(sock.src));
	address_print(&dst, sock.dst, sizeof(sock.dst));
	const unsigned char *v6only = sock_attr(msg, sizeof(d), INET_DIAG_SKV6ONLY, 1, NULL);
	sock.v6only = v6only && *v6only;
	if (walk->protocol == IPPROTO_TCP) {
		take_info(msg, INFO_PART(tcpi_bytes_acked), &sock.bytes_acked);
		take_info(msg, INFO_PART(tcpi_last_ack_recv), &sock.silence_ms);
		sock.has_md5 = sock_attr(msg, sizeof(d), INET_DIAG_MD5SIG, 1, NULL) != NULL;
	}
	walk->stopped = !walk->each(&sock, walk->ctx);
	return !walk->stopped;
}

/* The protocol of MPTCP has no room in the request: an attribute has it. */
struct dump_request {
	struct inet_diag_req_v2 inet;
	struct rtattr attr;
	__u32 protocol;
};

static int dump_family(struct walk *walk, unsigned char family)
{
	bool wide = walk->protocol > 255;
	struct dump_request r = {
		.inet = {.sdiag_family = family,
			 .sdiag_protocol = wide ? IPPROTO_TCP : (unsigned char)walk->protocol,
			 .idiag_ext = 1 << (INET_DIAG_INFO - 1),
			 .idiag_states = walk->match->states ? walk->match->states : STATES_ALL,
			 .id = {.idiag_sport = htons((uint16_t)walk->match->sport),
				.idiag_dport = htons((uint16_t)walk->match->dport)}},
		.attr = {.rta_len = RTA_LENGTH(sizeof(r.protocol)),
			 .rta_type = INET_DIAG_REQ_PROTOCOL},
		.protocol = (__u32)walk->protocol,
	};

	return sock_netlink_dump(&r, wide ? sizeof(r) : sizeof(r.inet), on_message, walk);
}

static int dump(struct request *req, struct walk *walk)
{
	/* Nothing has an address that is none. */
	if (!address_parse(walk->match->src, &walk->src) ||
	    !address_parse(walk->match->dst, &walk->dst))
		return 0;
	/* A listener or a connection of IPv6 may have an IPv4 address: both families, always. A
	 * kernel may be without IPv6, and refuse it. */
	if (dump_family(walk, AF_INET) == 0) {
		if (walk->stopped || dump_family(walk, AF_INET6) == 0 || errno == ENOENT)
			return 0;
	} else if (errno == ENOENT && walk->protocol != IPPROTO_TCP) {
		return 0;
	}
	(void)request_errno(req, "the kernel doesn't tell its sockets");
	return -1;
}

int sock_list_protocol(struct request *req, int protocol, const struct sock_match *match,
		       bool (*each)(const struct sock *sock, void *ctx), void *ctx)
{
	struct walk walk = {.match = match, .protocol = protocol, .each = each, .ctx = ctx};
	return dump(req, &walk);
}

int sock_list(struct request *req, const struct sock_match *match,
	      bool (*each)(const struct sock *sock, void *ctx), void *ctx)
{
	return sock_list_protocol(req, IPPROTO_TCP, match, each, ctx);
}

static int kill_all(struct request *req, const struct walk *walk)
{
	int fd = sock_netlink_open();
	int killed = 0;

	for (size_t i = 0; fd >= 0 && i < walk->n_victims; i++) {
		if (sock_netlink_destroy(fd, &walk->victims[i], sizeof(*walk->victims)) == 0) {
			killed++;
		} else if (errno != ENOENT) { /* it has ended meanwhile */
			int cause = errno;
			(void)close(fd);
			errno = cause;
			fd = -1;
		}
	}
	if (fd < 0) {
		(void)request_errno(req, "the kernel can't end a connection");
		return -1;
	}
	(void)close(fd);
	return killed;
}

int sock_kill(struct request *req, const struct sock_match *match)
{
	struct walk walk = {.match = match, .protocol = IPPROTO_TCP};
	int killed = dump(req, &walk);

	if (killed == 0 && walk.n_victims > 0)
		killed = kill_all(req, &walk);
	free(walk.victims);
	return killed;
}
