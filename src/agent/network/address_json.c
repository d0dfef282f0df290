/* SPDX-License-Identifier: MIT */
/* Devices, addresses and routes in the words of `ip -j`: the members that the controller reads. */
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "address.h"
#include "address_table.h"
#include "device.h"
#include "netlink.h"
#include "route.h"

/* A device's name may have every byte but blanks and slashes. */
static void add_text(struct buf *to, const char *text)
{
	CLEANUP_FREE char *clean = str_dup(text);

	str_mask(clean);
	buf_puts(to, "\"");
	for (const char *p = clean; *p; p++)
		buf_printf(to, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
	buf_puts(to, "\"");
}

static void add_addresses(struct buf *to, int device, const struct address_table *table)
{
	const char *comma = "";

	for (size_t i = 0; i < table->n; i++) {
		const struct held *row = &table->rows[i];
		if (row->device != device)
			continue;
		buf_printf(to, "%s{\"local\":\"%s\",\"prefixlen\":%d%s}", comma, row->ip,
			   row->prefix, row->deprecated ? ",\"deprecated\":true" : "");
		comma = ",";
	}
}

static void add_device(struct buf *to, const struct device *device,
		       const struct address_table *table)
{
	char hardware[HARDWARE_TEXT_SIZE];

	hardware_text(device->hardware, device->hardware_len, hardware);
	buf_printf(to, "{\"ifindex\":%d,\"ifname\":", device->index);
	add_text(to, device->name);
	buf_printf(to, ",\"flags\":[%s],\"address\":\"%s\",\"addr_info\":[",
		   device->flags & IFF_UP ? "\"UP\"" : "", hardware);
	add_addresses(to, device->index, table);
	buf_puts(to, "]}");
}

static int list(struct buf *ret)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	CLEANUP_ADDRESS_TABLE struct address_table table = {0};
	CLEANUP_BUF struct buf replies = {0};
	const char *comma = "";
	struct device device;
	size_t place = 0;

	if (fd < 0 || device_dump(fd, &replies) < 0 ||
	    address_table_read(fd, AF_UNSPEC, &table) < 0)
		return -1;
	buf_puts(ret, "[");
	while (device_next(&replies, &place, &device)) {
		buf_puts(ret, comma);
		add_device(ret, &device, &table);
		comma = ",";
	}
	buf_puts(ret, "]");
	return 0;
}

void address_json(struct request *req, const char *key)
{
	CLEANUP_BUF struct buf text = {0};

	if (list(&text) < 0)
		(void)request_errno(req, "can't list the addresses");
	request_say(req, "%s=%s\n", key, buf_str(&text));
}

static const char *type_word(unsigned type)
{
	return type == RTN_LOCAL     ? "\"type\":\"local\","
	       : type == RTN_UNICAST ? ""
				     : "\"type\":\"other\",";
}

static int describe_route(const char *ip, struct buf *ret)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct device device;
	struct route route;

	if (fd < 0 || route_find(fd, ip, &route) < 0 ||
	    device_read(fd, NULL, route.device, &device) < 0)
		return -1;
	buf_printf(ret, "[{%s\"dst\":\"%s\",", type_word(route.type), ip);
	if (*route.gateway)
		buf_printf(ret, "\"gateway\":\"%s\",", route.gateway);
	buf_puts(ret, "\"dev\":");
	add_text(ret, device.name);
	buf_puts(ret, "}]");
	return 0;
}

void route_json(struct request *req, const char *ip)
{
	CLEANUP_BUF struct buf text = {0};

	(void)describe_route(ip, &text);
	request_say(req, "route=%s\n", buf_str(&text));
}
