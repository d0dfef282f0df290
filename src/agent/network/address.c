/* SPDX-License-Identifier: MIT */
/*
 * Verb address: the service addresses on the devices of this host.
 *
 * op=up: adds each that isn't there; op=enter: the same while no copy runs yet; op=announce: tells
 * the neighbours; op=down: takes each off whichever device has it; op=leave: the same while the
 * container is frozen.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address_table.h"
#include "agent/request/netns.h"
#include "announce.h"
#include "device.h"
#include "netlink.h"
#include "sock_diag.h"

/* The state of one request. */
struct work {
	struct request *req;
	int fd; /* of netlink_open() */
	struct address address;
};

bool address_nth(const struct request *req, size_t i, struct address *ret)
{
	const char *word = request_nth(req, "address", i);
	struct err unused = ERR_INIT;

	if (!word)
		return false;
	size_t len = strlen(word);
	CLEANUP_FREE char *text = str_dupn(word, len - (len && word[len - 1] == '@'));
	return address_parse(text, ret, &unused) == 0;
}

static void put_ip(struct netlink_message *m, int attribute, const struct address *a)
{
	unsigned char raw[16];

	if (inet_pton(a->v6 ? AF_INET6 : AF_INET, a->ip, raw) == 1)
		netlink_put(m, attribute, raw, a->v6 ? 16 : 4);
}

/* A request for an address of a device, as ip(8) makes it. */
static void begin(struct netlink_message *m, int type, int flags, const struct address *a,
		  int device)
{
	const struct ifaddrmsg info = {.ifa_family = a->v6 ? AF_INET6 : AF_INET,
				       .ifa_prefixlen = (unsigned char)a->prefix,
				       .ifa_flags = type == RTM_NEWADDR && a->v6 ? IFA_F_NODAD : 0,
				       .ifa_index = (unsigned)device};

	netlink_begin(m, type, flags, &info, sizeof(info));
	put_ip(m, IFA_LOCAL, a);
	put_ip(m, IFA_ADDRESS, a);
}

/*
 * An IPv6 address is added as deprecated, so that the host's own connections don't come from it:
 * they would break when it moves, the one to the other host first of all. Connections can't wait
 * until the kernel has looked for duplicates.
 */
static int up(struct work *work)
{
	const struct ifa_cacheinfo deprecated = {.ifa_prefered = 0, .ifa_valid = UINT32_MAX};
	const struct address *a = &work->address;
	int device = netlink_device(work->fd, a->device);
	struct netlink_message m;

	if (!device)
		return request_fail(work->req, "there is no device '%s' for %s", a->device, a->ip);
	begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, a, device);
	if (a->v6)
		netlink_put(&m, IFA_CACHEINFO, &deprecated, sizeof(deprecated));
	if (netlink_do(work->fd, &m) == 0)
		return 0;
	return request_errno(work->req, "can't add %s/%d to '%s'", a->ip, a->prefix, a->device);
}

/*
 * A copy that was killed here has left its connections to the kernel, which goes on closing them
 * for minutes: a restore of the same connections fails with "Cannot assign requested address".
 */
static int enter(struct work *work)
{
	const struct sock_match old = {.src = work->address.ip, .states = TCP_CONNECTED};

	(void)sock_kill(work->req, &old);
	return up(work);
}

static bool has_secondary(const struct address_table *table, int device)
{
	for (size_t i = 0; i < table->n; i++)
		if (table->rows[i].device == device && table->rows[i].secondary)
			return true;
	return false;
}

static void promote_secondaries(const struct device *device)
{
	CLEANUP_FREE char *path =
		str_fmt("/proc/sys/net/ipv4/conf/%s/promote_secondaries", device->name);
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) != 1)
		errno = EIO;
}

static void spare_others(int fd, const struct address_table *table, int index)
{
	struct device device;

	if (has_secondary(table, index) && device_read(fd, NULL, index, &device) == 0)
		promote_secondaries(&device);
}

void address_spare_others(const char *name)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};

	if (fd >= 0 && address_table_read(fd, AF_INET, &table) == 0)
		spare_others(fd, &table, netlink_device(fd, name));
}

/* 0 also if it has gone meanwhile. */
static int take_off(int fd, const struct held *row)
{
	const struct ifaddrmsg info = {.ifa_family = row->v6 ? AF_INET6 : AF_INET,
				       .ifa_prefixlen = (unsigned char)row->prefix,
				       .ifa_index = (unsigned)row->device};
	struct netlink_message m;

	netlink_begin(&m, RTM_DELADDR, 0, &info, sizeof(info));
	netlink_put(&m, IFA_LOCAL, row->local, row->len);
	netlink_put(&m, IFA_ADDRESS, row->other, row->len);
	return netlink_do(fd, &m) == 0 || errno == EADDRNOTAVAIL || errno == ENODEV ? 0 : -1;
}

/* Takes the address off whichever devices have it, with its prefix or peer there. */
static int down(struct work *work)
{
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};
	const struct address *a = &work->address;
	const struct held *row = NULL;

	if (address_table_read(work->fd, a->v6 ? AF_INET6 : AF_INET, &table) < 0)
		return request_errno(work->req, "can't list the addresses");
	while ((row = address_table_find(&table, a->ip, row)) != NULL) {
		spare_others(work->fd, &table, row->device);
		if (take_off(work->fd, row) < 0)
			return request_errno(work->req, "can't remove %s/%d", row->ip, row->prefix);
	}
	return 0;
}

/*
 * The container is frozen and clients wait: one message to the kernel where the address is as it
 * was when the move began, and a look for it only if it isn't. The others of its network were seen
 * to before.
 */
static int leave(struct work *work)
{
	const struct address *a = &work->address;
	int device = *a->device ? netlink_device(work->fd, a->device) : 0;
	struct netlink_message m;

	if (!device)
		return down(work);
	begin(&m, RTM_DELADDR, 0, a, device);
	return netlink_do(work->fd, &m) == 0 ? 0 : down(work);
}

/* Neighbours that don't hear of it ask later. An address that has moved on isn't told. */
static int announce(struct work *work)
{
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};
	const struct address *a = &work->address;
	struct device device;

	if (device_read(work->fd, a->device, 0, &device) == 0 &&
	    address_table_read(work->fd, a->v6 ? AF_INET6 : AF_INET, &table) == 0 &&
	    address_table_find(&table, a->ip, NULL))
		announce_address(&device, a);
	return 0;
}

static const struct op {
	const char *name;
	int (*each)(struct work *work);
	bool needs_netns;
} ops[] = {
	{"up", up, true},	 {"enter", enter, true},
	{"down", down, false},	 {"announce", announce, false},
	{"leave", leave, false},
};

static const struct op *op_of(const struct request *req)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (request_is(req, "op", ops[i].name))
			return &ops[i];
	return NULL;
}

/* Addresses of a network namespace have gone with it. */
static int without_netns(struct request *req, const struct op *op)
{
	return op->needs_netns ? request_fail(req, "there is no network namespace '%s'",
					      request_get(req, "netns"))
			       : 0;
}

int verb_address(struct request *req)
{
	const struct op *op = op_of(req);
	CLEANUP_NETNS struct netns netns = {-1};
	int status = 0;

	if (!op)
		return request_fail(req, "'address' has no such op");
	int entered = netns_enter(req, &netns);
	if (entered)
		return entered < 0 ? 1 : without_netns(req, op);
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct work work = {.req = req, .fd = fd};
	if (fd < 0)
		return request_errno(req, "can't speak with the kernel");
	for (size_t i = 0; !status && address_nth(req, i, &work.address); i++)
		status = request_over(req) ? 1 : op->each(&work);
	return status;
}
