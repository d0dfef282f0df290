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

int device_read(int fd, const char *name, int index, struct device *ret)
{
	const struct ifinfomsg wanted = {.ifi_family = AF_UNSPEC, .ifi_index = name ? 0 : index};
	CLEANUP_BUF struct buf replies = {0};
	struct netlink_message m;
	struct device device = {.index = 0};
	size_t place = 0, broadcast_len;

	netlink_begin(&m, RTM_GETLINK, 0, &wanted, sizeof(wanted));
	if (name)
		netlink_put_text(&m, IFLA_IFNAME, name);
	if (netlink_ask(fd, &m, &replies) < 0)
		return -1;
	const struct nlmsghdr *h = netlink_next(&replies, &place, sizeof(wanted));
	const char *own = h ? netlink_get(h, sizeof(wanted), IFLA_IFNAME, 1, NULL) : NULL;
	if (!own) {
		errno = EPROTO;
		return -1;
	}
	const struct ifinfomsg *info = NLMSG_DATA(h);
	device.index = info->ifi_index;
	device.type = info->ifi_type;
	device.flags = info->ifi_flags;
	(void)snprintf(device.name, sizeof(device.name), "%s", own);
	take_hardware(h, IFLA_ADDRESS, device.hardware, &device.hardware_len);
	take_hardware(h, IFLA_BROADCAST, device.broadcast, &broadcast_len);
	if (broadcast_len != device.hardware_len)
		device.hardware_len = 0;
	*ret = device;
	return 0;
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
