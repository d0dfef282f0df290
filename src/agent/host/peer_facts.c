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

static bool is_ipv4(const char *text)
{
	struct in_addr unused;

	return inet_pton(AF_INET, text, &unused) == 1;
}

static bool has_name(const struct argv *words, const char *name)
{
	for (size_t i = 1; i < words->n; i++)
		if (strcasecmp(words->v[i], name) == 0)
			return true;
	return false;
}

char *peer_in_hosts(const char *text, const char *name)
{
	CLEANUP_FREE char *copy = str_dup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		CLEANUP_ARGV struct argv words = {0};
		line[strcspn(line, "#")] = '\0';
		argv_words(&words, line, " \t\r");
		if (words.n > 1 && is_ipv4(words.v[0]) && has_name(&words, name))
			return str_dup(words.v[0]);
	}
	return NULL;
}

static char *find_peer(struct request *req)
{
	const char *name = request_get(req, "peer");

	if (is_ipv4(name))
		return str_dup(name);
	CLEANUP_FREE char *hosts = text_file_read("/etc/hosts", HOSTS_MAX, NULL);
	char *ip = hosts ? peer_in_hosts(hosts, name) : NULL;
	return ip ? ip : str_dup(request_get(req, "peer-ip"));
}

/* The address that the kernel gives to a socket which is connected to that one; NULL: no way. */
static char *own_address(const char *peer)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ANY_PORT)}, from = {0};
	socklen_t len = sizeof(from);
	char text[INET_ADDRSTRLEN];

	if (inet_pton(AF_INET, peer, &to.sin_addr) != 1)
		return NULL;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	bool found = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
		     getsockname(fd, (struct sockaddr *)&from, &len) == 0 &&
		     inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text));
	(void)close(fd);
	return found ? str_dup(text) : NULL;
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
