/* SPDX-License-Identifier: MIT */
#include "netlink.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* The kernel answers at once; this only bounds a wait for an answer that never comes. */
#define ANSWER_SECONDS 10
/* The kernel's own limit for one datagram of a list is 32 KiB. */
#define DATAGRAM_MAX (64 * 1024)
/* A hundred thousand devices. */
#define LIST_MAX (128u * 1024 * 1024)
#define TRIES 5

int netlink_open(int protocol)
{
	const struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -1;
	/* Connected, it hears the kernel alone. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	netlink_close(&fd);
	return -1;
}

void netlink_close(int *fd)
{
	int kept = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = kept;
}

/* A length of 0 marks a request that did not fit. */
static void extend(struct netlink_message *m, const void *data, size_t len)
{
	size_t at = m->header.nlmsg_len, room = NLMSG_ALIGN(len);

	if (at < NLMSG_HDRLEN || len > NETLINK_BODY_MAX ||
	    at - NLMSG_HDRLEN + room > NETLINK_BODY_MAX) {
		m->header.nlmsg_len = 0;
		return;
	}
	char *to = m->body + (at - NLMSG_HDRLEN);
	memset(to, 0, room);
	if (len)
		memcpy(to, data, len);
	m->header.nlmsg_len = (uint32_t)(at + room);
}

void netlink_begin(struct netlink_message *m, int type, int flags, const void *fixed, size_t len)
{
	m->header = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN,
				      .nlmsg_type = (uint16_t)type,
				      .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags)};
	extend(m, fixed, len);
}

void netlink_put(struct netlink_message *m, int attribute, const void *data, size_t len)
{
	const struct nlattr head = {.nla_len = (uint16_t)(sizeof(head) + len),
				    .nla_type = (uint16_t)attribute};

	extend(m, &head, sizeof(head));
	extend(m, data, len);
}

void netlink_put_u32(struct netlink_message *m, int attribute, uint32_t value)
{
	netlink_put(m, attribute, &value, sizeof(value));
}

void netlink_put_text(struct netlink_message *m, int attribute, const char *text)
{
	netlink_put(m, attribute, text, strlen(text) + 1);
}

size_t netlink_nest(struct netlink_message *m, int attribute)
{
	size_t place = m->header.nlmsg_len;

	netlink_put(m, attribute, NULL, 0);
	return place;
}

void netlink_nest_end(struct netlink_message *m, size_t place)
{
	struct nlattr head;

	if (m->header.nlmsg_len < place + sizeof(head) || place < NLMSG_HDRLEN)
		return;
	char *at = m->body + (place - NLMSG_HDRLEN);
	memcpy(&head, at, sizeof(head));
	head.nla_len = (uint16_t)(m->header.nlmsg_len - place);
	memcpy(at, &head, sizeof(head));
}

/* The kernel's answer to one request. */
struct answer {
	uint32_t number;
	bool single;	 /* one reply is all that comes */
	struct buf *ret; /* NULL: replies are dropped */
	bool changed;	 /* the list changed while it was told */
	bool done;
	int error;
};

static int send_message(int fd, struct netlink_message *m, int flags, uint32_t *ret_number)
{
	/* Counted over all sockets of a thread: a late answer never looks like one to the next. */
	static _Thread_local uint32_t number;
	ssize_t n;

	if (!m->header.nlmsg_len) {
		errno = EMSGSIZE;
		return -1;
	}
	m->header.nlmsg_flags |= (uint16_t)(NLM_F_REQUEST | flags);
	m->header.nlmsg_seq = *ret_number = ++number;
	do
		n = send(fd, m, m->header.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* An acknowledgement, an error or the end of a list. */
static void read_end(const struct nlmsghdr *h, struct answer *a)
{
	int code = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(h), sizeof(code));
	else if (h->nlmsg_type == NLMSG_ERROR)
		code = -EPROTO;
	a->error = code < 0 ? -code : 0;
	a->done = true;
}

static void read_message(const struct nlmsghdr *h, struct answer *a)
{
	static const char padding[NLMSG_ALIGNTO];

	if (h->nlmsg_seq != a->number || a->done)
		return;
	a->changed = a->changed || h->nlmsg_flags & NLM_F_DUMP_INTR;
	if (h->nlmsg_type == NLMSG_ERROR || h->nlmsg_type == NLMSG_DONE) {
		read_end(h, a);
		return;
	}
	a->done = a->single;
	if (!a->ret)
		return;
	buf_add(a->ret, h, h->nlmsg_len);
	buf_add(a->ret, padding, NLMSG_ALIGN(h->nlmsg_len) - h->nlmsg_len);
	if (a->ret->len > LIST_MAX) {
		a->error = EFBIG;
		a->done = true;
	}
}

/* The message at a place of a text; NULL if no whole one is there. */
static const struct nlmsghdr *message_at(const char *text, size_t len, size_t at)
{
	if (at >= len || len - at < sizeof(struct nlmsghdr))
		return NULL;
	/* Texts come from malloc(3), and every place is a multiple of four. */
	const struct nlmsghdr *h = (const void *)(text + at);
	return h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len - at ? NULL : h;
}

static int receive(int fd, struct answer *a)
{
	CLEANUP_FREE char *room = mem_new(1, DATAGRAM_MAX);
	const struct nlmsghdr *h;

	while (!a->done) {
		ssize_t n = recv(fd, room, DATAGRAM_MAX, MSG_TRUNC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || n > DATAGRAM_MAX) {
			a->error = n > 0 ? EMSGSIZE : errno == EAGAIN ? ETIMEDOUT : errno;
			break;
		}
		for (size_t at = 0; (h = message_at(room, (size_t)n, at)) != NULL;
		     at += NLMSG_ALIGN(h->nlmsg_len))
			read_message(h, a);
	}
	errno = a->error;
	return a->error ? -1 : 0;
}

int netlink_do(int fd, struct netlink_message *m)
{
	struct answer a = {0};

	return send_message(fd, m, NLM_F_ACK, &a.number) < 0 ? -1 : receive(fd, &a);
}

int netlink_ask(int fd, struct netlink_message *m, struct buf *ret)
{
	struct answer a = {.single = true, .ret = ret};

	return send_message(fd, m, 0, &a.number) < 0 ? -1 : receive(fd, &a);
}

int netlink_dump(int fd, struct netlink_message *m, struct buf *ret)
{
	const size_t before = ret->len;

	for (int i = 0; i < TRIES; i++) {
		struct answer a = {.ret = ret};
		int status = send_message(fd, m, NLM_F_DUMP, &a.number);
		if (status == 0)
			status = receive(fd, &a);
		if (status == 0 && !a.changed)
			return 0;
		if (ret->len > before)
			ret->len = before;
		if (status < 0)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

const struct nlmsghdr *netlink_next(const struct buf *replies, size_t *place, size_t fixed)
{
	const struct nlmsghdr *h;

	while ((h = message_at(replies->s, replies->len, *place)) != NULL) {
		*place += NLMSG_ALIGN(h->nlmsg_len);
		if (h->nlmsg_len >= NLMSG_LENGTH(fixed))
			return h;
	}
	return NULL;
}

const void *netlink_get(const struct nlmsghdr *reply, size_t fixed, int attribute, size_t min,
			size_t *ret_len)
{
	const size_t start = NLMSG_HDRLEN + NLMSG_ALIGN(fixed);

	if (reply->nlmsg_len <= start)
		return NULL;
	return netlink_get_in((const char *)reply + start, reply->nlmsg_len - start, attribute, min,
			      ret_len);
}

const void *netlink_get_in(const void *nest, size_t nest_len, int attribute, size_t min,
			   size_t *ret_len)
{
	const char *text = nest;
	struct nlattr head;

	while (nest_len >= sizeof(head)) {
		memcpy(&head, text, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > nest_len)
			return NULL;
		size_t len = head.nla_len - sizeof(head), step = NLA_ALIGN(head.nla_len);
		if ((head.nla_type & NLA_TYPE_MASK) == attribute && len >= min) {
			if (ret_len)
				*ret_len = len;
			return text + sizeof(head);
		}
		if (step >= nest_len)
			return NULL;
		text += step;
		nest_len -= step;
	}
	return NULL;
}

int netlink_device(int fd, const char *name)
{
	const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	size_t place = 0;

	netlink_begin(&m, RTM_GETLINK, 0, &any, sizeof(any));
	netlink_put_text(&m, IFLA_IFNAME, name);
	if (strlen(name) >= IFNAMSIZ || netlink_ask(fd, &m, &replies) < 0)
		return 0;
	const struct nlmsghdr *h = netlink_next(&replies, &place, sizeof(any));
	if (!h)
		return 0;
	return ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
}
