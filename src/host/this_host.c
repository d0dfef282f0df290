/* SPDX-License-Identifier: MIT */
#include "this_host.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"

char *this_host_name(void)
{
	char name[256] = "";

	(void)gethostname(name, sizeof(name) - 1);
	return str_dup(name);
}

static bool same_address(const struct sockaddr *a, const struct sockaddr *b)
{
	if (!a || a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)(const void *)b)->sin_addr.s_addr;
	return a->sa_family == AF_INET6 &&
	       IN6_ARE_ADDR_EQUAL(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
				  &((const struct sockaddr_in6 *)(const void *)b)->sin6_addr);
}

static bool is_own_address(const struct sockaddr *address)
{
	struct ifaddrs *all = NULL;
	bool own = false;

	/* Debian has a host's own name at 127.0.1.1, which no device has. */
	if (address->sa_family == AF_INET &&
	    ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 ==
		    IN_LOOPBACKNET)
		return true;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *a = all; a && !own; a = a->ifa_next)
		own = same_address(a->ifa_addr, address);
	freeifaddrs(all);
	return own;
}

enum whose { OURS, OTHERS, NOBODYS };

/* Whose address a name has; NOBODYS: it can't be looked up. */
static enum whose whose_address(const char *name)
{
	struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *all = NULL;
	enum whose whose = OTHERS;

	if (getaddrinfo(name, NULL, &hints, &all) != 0)
		return NOBODYS;
	for (const struct addrinfo *a = all; a; a = a->ai_next)
		if (is_own_address(a->ai_addr))
			whose = OURS;
	freeaddrinfo(all);
	return whose;
}

/*
 * "rhel01" and "rhel01.example.com" are one host when either is the other's short name, unless the
 * name has another host's address.
 */
static bool is_own_name(const char *name)
{
	CLEANUP_FREE char *own = this_host_name();
	size_t own_len = strcspn(own, "."), len = strcspn(name, ".");

	if (strcmp(name, "localhost") == 0 || strcmp(name, own) == 0)
		return true;
	return (own[own_len] == '\0' || name[len] == '\0') && own_len == len && len &&
	       strncmp(own, name, len) == 0 && whose_address(name) != OTHERS;
}

bool this_host_is(const char *name, const char *ssh)
{
	if (!is_own_name(name))
		return false;
	if (!ssh)
		return true;
	const char *at = strrchr(ssh, '@');
	return whose_address(at ? at + 1 : ssh) == OURS;
}
