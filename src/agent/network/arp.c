/* SPDX-License-Identifier: MIT */
#include "arp.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"

/* Two hardware addresses and two of IPv4. */
#define PACKET_MAX (sizeof(struct arphdr) + 2 * (HARDWARE_MAX + sizeof(struct in_addr)))

/* A struct sockaddr_ll has room for eight bytes of a hardware address; some devices have more. */
union link_address {
	struct sockaddr_ll ll;
	char room[sizeof(struct sockaddr_ll) + HARDWARE_MAX];
};

int arp_open(const struct device *device)
{
	const struct sockaddr_ll here = {.sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ARP),
					 .sll_ifindex = device->index};
	/* Bound to no protocol at first, or it would hear the other devices until it is bound. */
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&here, sizeof(here)) == 0)
		return fd;
	netlink_close(&fd);
	return -1;
}

static char *put(char *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

static int broadcast(int fd, const struct device *device, unsigned short operation,
		     struct in_addr sender, const unsigned char *target_hardware,
		     struct in_addr target)
{
	const size_t len = device->hardware_len;
	const struct arphdr head = {
		.ar_hrd = htons((unsigned short)device->type),
		.ar_pro = htons(ETH_P_IP),
		.ar_hln = (unsigned char)len,
		.ar_pln = sizeof(struct in_addr),
		.ar_op = htons(operation),
	};
	union link_address to = {.ll = {.sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_ARP),
					.sll_ifindex = device->index,
					.sll_halen = (unsigned char)len}};
	char packet[PACKET_MAX], *end = packet;

	memcpy(to.room + offsetof(struct sockaddr_ll, sll_addr), device->broadcast, len);
	end = put(end, &head, sizeof(head));
	end = put(end, device->hardware, len);
	end = put(end, &sender, sizeof(sender));
	end = put(end, target_hardware, len);
	end = put(end, &target, sizeof(target));
	return sendto(fd, packet, (size_t)(end - packet), 0, (const struct sockaddr *)&to,
		      sizeof(to)) < 0
		       ? -1
		       : 0;
}

static const unsigned char nobody[HARDWARE_MAX];

int arp_probe(int fd, const struct device *device, struct in_addr ip)
{
	return broadcast(fd, device, ARPOP_REQUEST, (struct in_addr){INADDR_ANY}, nobody, ip);
}

int arp_announce(int fd, const struct device *device, struct in_addr ip)
{
	int asked = broadcast(fd, device, ARPOP_REQUEST, ip, nobody, ip);
	int said = broadcast(fd, device, ARPOP_REPLY, ip, device->hardware, ip);

	return asked < 0 || said < 0 ? -1 : 0;
}

bool arp_read(int fd, const struct device *device, struct in_addr ip,
	      unsigned char ret_hardware[HARDWARE_MAX])
{
	const size_t len = device->hardware_len;
	char packet[PACKET_MAX];
	const char *hardware = packet + sizeof(struct arphdr);
	struct arphdr head;
	ssize_t n = recv(fd, packet, sizeof(packet), 0);

	if (n < (ssize_t)(sizeof(head) + 2 * (len + sizeof(ip))))
		return false;
	memcpy(&head, packet, sizeof(head));
	if (head.ar_hln != len || head.ar_pln != sizeof(ip) || head.ar_pro != htons(ETH_P_IP) ||
	    memcmp(hardware + len, &ip, sizeof(ip)) != 0 ||
	    memcmp(hardware, device->hardware, len) == 0)
		return false;
	memcpy(ret_hardware, hardware, len);
	return true;
}
