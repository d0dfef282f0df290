/* SPDX-License-Identifier: MIT */
#include "peer_facts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/request/fact.h"
#include "agent/request/text_file.h"

#define HOSTS_MAX (1024 * 1024)
/* Nothing is sent: the kernel only chooses the way. */
#define ANY_PORT 9

static bool is_ip(int family, const char *text)
{
	struct in6_addr unused;

	return inet_pton(family, text, &unused) == 1;
}

static bool has_name(const struct argv *words, const char *name)
{
	for (size_t i = 1; i < words->n; i++)
		if (strcasecmp(words->v[i], name) == 0)
			return true;
	return false;
}

static char *in_hosts(const char *text, const char *name, int family)
{
	CLEANUP_FREE char *copy = str_dup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CLEANUP_ARGV struct argv words = {0};
		line[strcspn(line, "#")] = '\0';
		argv_words(&words, line, " \t\r");
		if (words.n > 1 && is_ip(family, words.v[0]) && has_name(&words, name))
			return str_dup(words.v[0]);
	}
	return NULL;
}

char *peer_in_hosts(const char *text, const char *name)
{
	char *ip = in_hosts(text, name, AF_INET);

	return ip ? ip : in_hosts(text, name, AF_INET6);
}

static char *find_peer(struct request *req)
{
	const char *name = request_get(req, "peer");

	if (is_ip(AF_INET, name) || is_ip(AF_INET6, name))
		return str_dup(name);
	CLEANUP_FREE char *hosts = text_file_read("/etc/hosts", HOSTS_MAX, NULL);
	char *ip = hosts ? peer_in_hosts(hosts, name) : NULL;
	return ip ? ip : str_dup(request_get(req, "peer-ip"));
}

/* The socket address of an IP address, either family; its length, or 0. */
static socklen_t fill_address(const char *ip, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(ANY_PORT);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, ip, &v6->sin6_addr) != 1)
		return 0;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(ANY_PORT);
	return sizeof(*v6);
}

static char *text_of(const struct sockaddr_storage *address)
{
	char text[INET6_ADDRSTRLEN];
	const void *ip = address->ss_family == AF_INET
				 ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				 : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

	return inet_ntop(address->ss_family, ip, text, sizeof(text)) ? str_dup(text) : NULL;
}

/* The address that the kernel gives to a socket which is connected to that one; NULL: no way. */
static char *own_address(const char *peer)
{
	struct sockaddr_storage to, from = {0};
	socklen_t to_len = fill_address(peer, &to), len = sizeof(from);

	if (!to_len)
		return NULL;
	int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	bool found = connect(fd, (struct sockaddr *)&to, to_len) == 0 &&
		     getsockname(fd, (struct sockaddr *)&from, &len) == 0;
	(void)close(fd);
	return found ? text_of(&from) : NULL;
}

void peer_facts(struct request *req)
{
	if (!request_has(req, "peer"))
		return;
	CLEANUP_FREE char *ip = find_peer(req);
	CLEANUP_FREE char *own = ip ? own_address(ip) : NULL;
	fact_say(req, "peer", ip);
	if (ip)
		fact_say(req, "peer-from", own);
}
