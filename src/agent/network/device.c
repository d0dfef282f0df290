/* SPDX-License-Identifier: MIT */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"

static void take_hardware(const struct nlmsghdr *h, int attribute, unsigned char *ret,
			  size_t *ret_len)
{
	size_t len = 0;
	const void *value = netlink_get(h, sizeof(struct ifinfomsg), attribute, 1, &len);

	*ret_len = value && len <= HARDWARE_MAX ? len : 0;
	if (*ret_len)
		memcpy(ret, value, len);
}

bool device_next(const struct buf *replies, size_t *place, struct device *ret)
{
	const struct nlmsghdr *h;

	while ((h = netlink_next(replies, place, sizeof(struct ifinfomsg))) != NULL) {
		const struct ifinfomsg *info = NLMSG_DATA(h);
		struct device device = {
			.index = info->ifi_index, .type = info->ifi_type, .flags = info->ifi_flags};
		size_t broadcast_len, len = 0;
		const char *name = netlink_get(h, sizeof(*info), IFLA_IFNAME, 1, &len);
		if (h->nlmsg_type != RTM_NEWLINK || !name || len > sizeof(device.name))
			continue;
		memcpy(device.name, name, len - 1);
		take_hardware(h, IFLA_ADDRESS, device.hardware, &device.hardware_len);
		take_hardware(h, IFLA_BROADCAST, device.broadcast, &broadcast_len);
		if (broadcast_len != device.hardware_len)
			device.hardware_len = 0;
		*ret = device;
		return true;
	}
	return false;
}

static void begin(struct netlink_message *m, int index)
{
	const struct ifinfomsg wanted = {.ifi_family = AF_UNSPEC, .ifi_index = index};

	netlink_begin(m, RTM_GETLINK, 0, &wanted, sizeof(wanted));
	/* Counters are the longest part of a reply. */
	netlink_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int device_dump(int fd, struct buf *ret)
{
	struct netlink_message m;

	begin(&m, 0);
	return netlink_dump(fd, &m, ret);
}

int device_read(int fd, const char *name, int index, struct device *ret)
{
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	size_t place = 0;

	begin(&m, name ? 0 : index);
	if (name)
		netlink_put_text(&m, IFLA_IFNAME, name);
	if (netlink_ask(fd, &m, &replies) < 0)
		return -1;
	if (device_next(&replies, &place, ret))
		return 0;
	errno = EPROTO;
	return -1;
}

bool device_has_arp(const struct device *device)
{
	return device->hardware_len && !(device->flags & (IFF_NOARP | IFF_LOOPBACK));
}

void hardware_text(const unsigned char *hardware, size_t len, char ret[HARDWARE_TEXT_SIZE])
{
	*ret = '\0';
	for (size_t i = 0; i < len && i < HARDWARE_MAX; i++)
		(void)snprintf(ret + i * 3 - (i > 0), 4, "%s%02x", i ? ":" : "", hardware[i]);
}
