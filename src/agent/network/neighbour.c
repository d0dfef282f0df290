/* SPDX-License-Identifier: MIT */
#include "neighbour.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "address.h"
#include "address_table.h"
#include "arp.h"
#include "cmigrate/base/deadline.h"
#include "ndisc.h"
#include "netlink.h"
#include "route.h"

#define TAKEN_MS 500
#define OWNERS_MS 100
/* For the others, when all questions have been answered once. */
#define OTHERS_MS 20
/* One address has at most so many owners; more can't be right. */
#define OWNERS_MAX 8

/* One address that is asked for. */
struct question {
	struct device device;
	char ip[IP_SIZE];
	bool v6;
	struct in_addr four;
	struct in6_addr six;
	int fd; /* its own socket */
	struct argv owners;
};

/* All that are asked for at once. */
struct inquiry {
	struct request *req;
	int fd; /* of netlink_open() */
	int poll;
	struct question *v;
	size_t n;
	size_t enough; /* answers for one address */
};

static int inquiry_begin(struct request *req, size_t n, size_t enough, struct inquiry *ret)
{
	*ret = (struct inquiry){.req = req,
				.fd = netlink_open(NETLINK_ROUTE),
				.poll = epoll_create1(EPOLL_CLOEXEC),
				.v = mem_new(n + 1, sizeof(*ret->v)),
				.enough = enough};
	return ret->fd < 0 || ret->poll < 0 ? -1 : 0;
}

static void inquiry_end(struct inquiry *q)
{
	for (size_t i = 0; i < q->n; i++) {
		netlink_close(&q->v[i].fd);
		argv_clear(&q->v[i].owners);
	}
	free(q->v);
	netlink_close(&q->fd);
	netlink_close(&q->poll);
}

static bool send_question(struct question *a)
{
	if (a->v6) {
		a->fd = inet_pton(AF_INET6, a->ip, &a->six) == 1 ? ndisc_open(&a->device) : -1;
		return a->fd >= 0 && ndisc_solicit(a->fd, &a->device, &a->six) == 0;
	}
	a->fd = device_has_arp(&a->device) && inet_pton(AF_INET, a->ip, &a->four) == 1
			? arp_open(&a->device)
			: -1;
	return a->fd >= 0 && arp_probe(a->fd, &a->device, a->four) == 0;
}

/* Asks on a device. If the question can't be sent nobody answers: that is no failure. */
static void ask(struct inquiry *q, const struct device *device, const char *ip)
{
	struct question *a = &q->v[q->n];
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = q->n};

	*a = (struct question){.device = *device, .v6 = strchr(ip, ':') != NULL};
	(void)snprintf(a->ip, sizeof(a->ip), "%s", ip);
	if (send_question(a) && epoll_ctl(q->poll, EPOLL_CTL_ADD, a->fd, &event) == 0)
		q->n++;
	else
		netlink_close(&a->fd);
}

/* Hears one message. */
static void hear(struct inquiry *q, struct question *a)
{
	unsigned char hardware[HARDWARE_MAX];
	char who[HARDWARE_TEXT_SIZE];

	if (a->v6 ? !ndisc_read(a->fd, &a->device, &a->six, who)
		  : !arp_read(a->fd, &a->device, a->four, hardware))
		return;
	if (!a->v6)
		hardware_text(hardware, a->device.hardware_len, who);
	if (a->owners.n < q->enough && !argv_has(&a->owners, who))
		argv_add(&a->owners, who);
}

static bool is_answered(const struct inquiry *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->v[i].owners.n < q->enough)
			return false;
	return true;
}

/* Whether somebody has answered each question. */
static bool is_heard(const struct inquiry *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (!q->v[i].owners.n)
			return false;
	return true;
}

/* Another owner of an address answers as soon as the first one does, or not at all. */
static void await_answers(struct inquiry *q, int ms)
{
	int64_t end = deadline_in_ms(ms);
	bool heard = false;
	struct epoll_event event;

	while (!is_answered(q) && !deadline_passed(end) &&
	       request_wait(q->req, q->poll, POLLIN, deadline_poll_ms(end)) > 0) {
		if (epoll_wait(q->poll, &event, 1, 0) == 1 && event.data.u64 < q->n)
			hear(q, &q->v[event.data.u64]);
		if (!heard && is_heard(q)) {
			heard = true;
			end = deadline_min(end, deadline_in_ms(OTHERS_MS));
		}
	}
}

static void say_owners(const struct inquiry *q, const char *key)
{
	for (size_t i = 0; i < q->n; i++)
		for (size_t j = 0; j < q->v[i].owners.n; j++)
			request_say(q->req, "%s=%s %s\n", key, q->v[i].ip, q->v[i].owners.v[j]);
}

static size_t count(const struct request *req, const char *key)
{
	size_t n = 0;

	while (request_nth(req, key, n))
		n++;
	return n;
}

void neighbours_owners(struct request *req)
{
	const size_t n = count(req, "ip");
	struct inquiry q;
	struct route route;
	struct device device;

	if (inquiry_begin(req, n, OWNERS_MAX, &q) == 0) {
		for (size_t i = 0; i < n; i++) {
			const char *ip = request_nth(req, "ip", i);
			if (route_find(q.fd, ip, &route) == 0 && route.type == RTN_UNICAST &&
			    !*route.gateway && device_read(q.fd, NULL, route.device, &device) == 0)
				ask(&q, &device, ip);
		}
		await_answers(&q, OWNERS_MS);
		say_owners(&q, "owner");
	}
	inquiry_end(&q);
}

/* An address that is here already answers for itself: no need to ask. */
static int ask_for_fields(struct inquiry *q)
{
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};
	struct device device;
	struct address a;

	if (address_table_read(q->fd, AF_UNSPEC, &table) < 0)
		return request_errno(q->req, "can't list the addresses");
	for (size_t i = 0; address_nth(q->req, i, &a); i++)
		if (!address_table_find(&table, a.ip, NULL) &&
		    device_read(q->fd, a.device, 0, &device) == 0)
			ask(q, &device, a.ip);
	return 0;
}

int neighbours_taken(struct request *req)
{
	struct inquiry q;
	int status = inquiry_begin(req, count(req, "address"), 1, &q) < 0
			     ? request_errno(req, "can't speak with the kernel")
			     : ask_for_fields(&q);

	if (status == 0) {
		await_answers(&q, TAKEN_MS);
		say_owners(&q, "taken");
	}
	inquiry_end(&q);
	return status;
}
