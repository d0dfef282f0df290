/* SPDX-License-Identifier: MIT */
#include "packet_queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/pkt_sched.h>
#include <string.h>
#include <sys/socket.h>

#include "cmigrate/base/deadline.h"
#include "netlink.h"

#define QUEUE_BYTES (32u * 1024 * 1024)
/* The rate of the bucket in bytes a second: 100 bit while it holds, 10 Gbit once it is released. */
#define RATE_HELD 12u
#define RATE_RELEASED 1250000000u
#define BURST_RELEASED (1024u * 1024)
/* The size of a packet of our own, with its header. One of them takes the bucket two minutes. */
#define OWN_FRAME 1400u
/* So many more than the bucket has room for wait at the head of the queue. */
#define OWN_WAITING 5u
#define DRAIN_MS 100
#define DRAIN_TICK_MS 2

static void begin_qdisc(struct netlink_message *m, int flags, int device, const char *kind)
{
	const struct tcmsg fixed = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = device, .tcm_parent = TC_H_ROOT};

	netlink_begin(m, RTM_NEWQDISC, flags, &fixed, sizeof(fixed));
	netlink_put_text(m, TCA_KIND, kind);
}

static int plug(int fd, int device, int flags, const struct tc_plug_qopt *options)
{
	struct netlink_message m;

	begin_qdisc(&m, flags, device, "plug");
	netlink_put(&m, TCA_OPTIONS, options, sizeof(*options));
	return netlink_do(fd, &m);
}

/* The kernel takes the burst in bytes from its own attribute, and needs no table of rates for a
 * link layer that is named. */
static int bucket(int fd, int device, int flags, uint32_t rate, uint32_t burst)
{
	const struct tc_tbf_qopt options = {
		.rate = {.rate = rate, .linklayer = TC_LINKLAYER_ETHERNET}, .limit = QUEUE_BYTES};
	struct netlink_message m;

	begin_qdisc(&m, flags, device, "tbf");
	size_t nest = netlink_nest(&m, NLA_F_NESTED | TCA_OPTIONS);
	netlink_put(&m, TCA_TBF_PARMS, &options, sizeof(options));
	netlink_put_u32(&m, TCA_TBF_BURST, burst);
	netlink_nest_end(&m, nest);
	return netlink_do(fd, &m);
}

/* Sends packets of our own out of the device: a packet socket, so that no filter of this host drops
 * them. The device throws them away, for nobody has sent them to it. *ret_fd: that socket, for the
 * caller to close; -1: none. */
static int send_own(int device, unsigned n, int *ret_fd)
{
	const struct sockaddr_ll to = {.sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_802_EX1),
				       .sll_ifindex = device,
				       .sll_halen = ETH_ALEN};
	const struct ethhdr head = {.h_proto = htons(ETH_P_802_EX1)};
	char frame[OWN_FRAME] = {0};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	*ret_fd = fd;
	memcpy(frame, &head, sizeof(head));
	for (unsigned i = 0; i < n; i++)
		if (fd < 0 || sendto(fd, frame, sizeof(frame), MSG_DONTWAIT, (const void *)&to,
				     sizeof(to)) < 0)
			return -1;
	return 0;
}

static int make_device(int fd, const char *ifb)
{
	const struct ifinfomsg up = {
		.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	struct netlink_message m;

	netlink_begin(&m, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof(up));
	netlink_put_text(&m, IFLA_IFNAME, ifb);
	size_t nest = netlink_nest(&m, NLA_F_NESTED | IFLA_LINKINFO);
	netlink_put_text(&m, IFLA_INFO_KIND, "ifb");
	netlink_nest_end(&m, nest);
	return netlink_do(fd, &m);
}

/* The kernel's answer about a device; NULL if there is none. */
static const struct nlmsghdr *ask_device(int fd, const char *name, struct buf *reply)
{
	const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	struct netlink_message m;
	size_t place = 0;

	netlink_begin(&m, RTM_GETLINK, 0, &any, sizeof(any));
	netlink_put_text(&m, IFLA_IFNAME, name);
	return netlink_ask(fd, &m, reply) < 0 ? NULL : netlink_next(reply, &place, sizeof(any));
}

static unsigned largest_mtu(int fd, const struct argv *devices)
{
	unsigned largest = 0;

	for (size_t i = 0; i < devices->n; i++) {
		CLEANUP_BUF struct buf reply = {0};
		const struct nlmsghdr *h = ask_device(fd, devices->v[i], &reply);
		const void *value = h ? netlink_get(h, sizeof(struct ifinfomsg), IFLA_MTU,
						    sizeof(unsigned), NULL)
				      : NULL;
		unsigned mtu = 0;
		if (value)
			memcpy(&mtu, value, sizeof(mtu));
		largest = mtu > largest ? mtu : largest;
	}
	return largest;
}

/* The first packets would pass until the bucket is empty. Packets of our own go instead of them,
 * and the last of ours wait at the head of the queue. A packet larger than the bucket is dropped.
 */
static int make_bucket(int fd, int device, const struct argv *sources)
{
	unsigned full = (largest_mtu(fd, sources) + 500) / OWN_FRAME + 1;

	if (bucket(fd, device, NLM_F_CREATE | NLM_F_EXCL, RATE_HELD, full * OWN_FRAME) < 0)
		return -1;
	CLEANUP_FD int own = -1;
	return send_own(device, full + OWN_WAITING, &own);
}

int packet_queue_make(const char *ifb, const struct argv *sources, enum packet_queue *ret)
{
	const struct tc_plug_qopt limit = {.action = TCQ_PLUG_LIMIT, .limit = QUEUE_BYTES};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);

	if (fd < 0 || make_device(fd, ifb) < 0)
		return -1;
	int device = netlink_device(fd, ifb);
	*ret = QUEUE_PLUG;
	if (plug(fd, device, NLM_F_CREATE | NLM_F_EXCL, &limit) == 0)
		return 0;
	*ret = QUEUE_BUCKET;
	return make_bucket(fd, device, sources);
}

bool packet_queue_exists(const char *ifb)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);

	return fd >= 0 && netlink_device(fd, ifb) > 0;
}

int packet_queue_release(const char *ifb, enum packet_queue kind, int *ret_fd)
{
	const struct tc_plug_qopt release = {.action = TCQ_PLUG_RELEASE_INDEFINITE};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	int device = fd < 0 ? 0 : netlink_device(fd, ifb);

	*ret_fd = -1;
	if (fd < 0)
		return -1;
	if (!device) {
		errno = ENODEV;
		return -1;
	}
	if (kind == QUEUE_PLUG)
		return plug(fd, device, 0, &release);
	if (bucket(fd, device, 0, RATE_RELEASED, BURST_RELEASED) < 0)
		return -1;
	/* A bucket that sleeps notices its new rate with the next packet: otherwise it sleeps on
	 * until there would have been tokens at the old one. It has let go in any case. */
	(void)send_own(device, 1, ret_fd);
	return 0;
}

static bool is_sent(int fd, const char *ifb)
{
	CLEANUP_BUF struct buf reply = {0};
	const struct nlmsghdr *h = ask_device(fd, ifb, &reply);
	const void *value = h ? netlink_get(h, sizeof(struct ifinfomsg), IFLA_STATS64,
					    offsetof(struct rtnl_link_stats64, multicast), NULL)
			      : NULL;
	struct rtnl_link_stats64 stats = {0};

	if (value)
		memcpy(&stats, value, offsetof(struct rtnl_link_stats64, multicast));
	/* Our own are received and dropped. */
	return stats.tx_packets >= stats.rx_packets - stats.rx_dropped;
}

/* Whether no qdisc of the device has a packet. */
static bool is_empty(int fd, int device)
{
	const struct tcmsg any = {.tcm_family = AF_UNSPEC, .tcm_ifindex = device};
	CLEANUP_BUF struct buf replies = {0};
	const struct nlmsghdr *h;
	struct netlink_message m;
	size_t place = 0, len;

	netlink_begin(&m, RTM_GETQDISC, 0, &any, sizeof(any));
	if (netlink_dump(fd, &m, &replies) < 0)
		return false;
	while ((h = netlink_next(&replies, &place, sizeof(any))) != NULL) {
		struct gnet_stats_queue queue = {0};
		if (((const struct tcmsg *)NLMSG_DATA(h))->tcm_ifindex != device)
			continue;
		const void *stats = netlink_get(h, sizeof(any), TCA_STATS2, 0, &len);
		const void *value =
			stats ? netlink_get_in(stats, len, TCA_STATS_QUEUE, sizeof(queue), NULL)
			      : NULL;
		if (value)
			memcpy(&queue, value, sizeof(queue));
		if (queue.qlen)
			return false;
	}
	return true;
}

void packet_queue_drain(struct request *req, const char *ifb)
{
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	int device = fd < 0 ? 0 : netlink_device(fd, ifb);
	int64_t end = deadline_in_ms(DRAIN_MS);

	while (device && !(is_empty(fd, device) && is_sent(fd, ifb)) && !deadline_passed(end) &&
	       request_sleep(req, DRAIN_TICK_MS))
		;
}

int packet_queue_delete(const char *ifb)
{
	const struct ifinfomsg any = {.ifi_family = AF_UNSPEC};
	CLEANUP_FD int fd = netlink_open(NETLINK_ROUTE);
	struct netlink_message m;

	netlink_begin(&m, RTM_DELLINK, 0, &any, sizeof(any));
	netlink_put_text(&m, IFLA_IFNAME, ifb);
	return fd >= 0 && (netlink_do(fd, &m) == 0 || errno == ENODEV) ? 0 : -1;
}
