/* SPDX-License-Identifier: MIT */
/* Multicast groups: the kernel lists those of a device, and tells of a group whether a socket has
 * joined it. */
#include <arpa/inet.h>
#include <linux/in.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/request/text_file.h"
#include "socket_copy.h"

#define LIST_MAX (1 << 18)
#define GROUPS_MAX 256

struct group {
	bool v6;
	unsigned device;
	struct in_addr v4_ip;
	struct in6_addr v6_ip;
};

struct groups {
	struct group v[GROUPS_MAX];
	size_t n;
};

static void add(struct groups *groups, const struct group *group)
{
	if (groups->n < GROUPS_MAX)
		groups->v[groups->n++] = *group;
}

/* A row with the number of a device, then one with a blank in front for each of its groups:
 * "2\teth0      :     2      V3", "\t\t\t\t010000E0     1 0:00000000\t\t0". */
static void read_v4(struct groups *groups, char *text)
{
	struct group group = {0};
	char *save = NULL;
	unsigned ip;

	for (char *row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		if (*row >= '0' && *row <= '9') {
			group.device = (unsigned)strtoul(row, NULL, 10);
		} else if (sscanf(row, " %8x", &ip) == 1 && ip != htonl(INADDR_ALLHOSTS_GROUP)) {
			group.v4_ip.s_addr = ip;
			add(groups, &group);
		}
	}
}

static bool parse_v6(const char *hex, struct in6_addr *ret)
{
	for (size_t i = 0; i < sizeof(ret->s6_addr); i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		ret->s6_addr[i] = (uint8_t)byte;
	}
	return true;
}

/* The kernel joins those itself: all nodes, and a group for each address. */
static bool is_the_kernels(const struct in6_addr *ip)
{
	static const uint8_t solicited[] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff},
			     all_nodes[] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

	return memcmp(ip, solicited, sizeof(solicited)) == 0 ||
	       memcmp(ip, all_nodes, sizeof(all_nodes)) == 0 || ip->s6_addr[1] == 1;
}

/* "2    eth0            ff020000000000000000000000000001     1 0000000C 0" */
static void read_v6(struct groups *groups, char *text)
{
	struct group group = {.v6 = true};
	char *save = NULL, hex[33];

	for (char *row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
		if (sscanf(row, "%u %*s %32s", &group.device, hex) == 2 && strlen(hex) == 32 &&
		    parse_v6(hex, &group.v6_ip) && !is_the_kernels(&group.v6_ip))
			add(groups, &group);
}

struct groups *groups_read(void)
{
	struct groups *groups = mem_new(1, sizeof(*groups));
	CLEANUP_FREE char *v4 = text_file_read("/proc/thread-self/net/igmp", LIST_MAX, NULL);
	CLEANUP_FREE char *v6 = text_file_read("/proc/thread-self/net/igmp6", LIST_MAX, NULL);

	if (v4)
		read_v4(groups, v4);
	if (v6)
		read_v6(groups, v6);
	return groups;
}

void groups_free(struct groups *groups)
{
	free(groups);
}

static bool has_joined(int fd, const struct group *group)
{
	struct group_filter filter = {.gf_interface = group->device};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = group->v4_ip};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = group->v6_ip};
	socklen_t len = sizeof(filter);

	if (group->v6)
		memcpy(&filter.gf_group, &v6, sizeof(v6));
	else
		memcpy(&filter.gf_group, &v4, sizeof(v4));
	return getsockopt(fd, group->v6 ? IPPROTO_IPV6 : IPPROTO_IP, MCAST_MSFILTER, &filter,
			  &len) == 0;
}

static void tell(struct socket_copy *copy, const struct group *group)
{
	char name[IF_NAMESIZE] = "", ip[INET6_ADDRSTRLEN] = "";

	(void)if_indextoname(group->device, name);
	(void)inet_ntop(group->v6 ? AF_INET6 : AF_INET,
			group->v6 ? (const void *)&group->v6_ip : (const void *)&group->v4_ip, ip,
			sizeof(ip));
	CLEANUP_FREE char *what = str_fmt("%s on %s", ip, name);
	if (!socket_is_new(copy->walk, what))
		return;
	CLEANUP_FREE char *holder = socket_holder(copy->socket);
	walk_tell(copy->walk, "multicast", "%s, %s", what, holder);
}

void socket_groups(struct socket_copy *copy)
{
	for (size_t i = 0; i < copy->groups->n; i++) {
		const struct group *group = &copy->groups->v[i];
		if ((group->v6 ? AF_INET6 : AF_INET) == copy->domain && has_joined(copy->fd, group))
			tell(copy, group);
	}
}
