/* SPDX-License-Identifier: MIT */
/* Checks of ports, devices and service addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmigrate/check/check.h"

CHECK(netns)
{
	if (!p->bundle->netns)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		if (facts_has(host.facts, "missing-netns", p->bundle->netns))
			return check_fail(f, NULL, "there is no network namespace '%s' on %s",
					  p->bundle->netns, host.name);
	}
	return CHECK_OK;
}

/* A listener as ss(8) would print it: "0.0.0.0:80", "*:80" (both families), "[::1]%lo:80". */
struct listener {
	char ip[64]; /* "*", "0.0.0.0" and "::" where it is any */
	long port;
	bool v4, v6, any;
};

static bool listener_parse(const char *text, struct listener *ret)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (!len || len >= sizeof(ret->ip) || colon[1] < '0' || colon[1] > '9')
		return false;
	memset(ret, 0, sizeof(*ret));
	ret->port = strtol(colon + 1, NULL, 10);
	memcpy(ret->ip, text, len);
	ret->ip[strcspn(ret->ip, "%]")] = '\0';
	if (*ret->ip == '[')
		memmove(ret->ip, ret->ip + 1, strlen(ret->ip));
	if (!*ret->ip)
		return false;
	bool both = strcmp(ret->ip, "*") == 0;
	ret->v6 = both || strchr(ret->ip, ':');
	ret->v4 = both || !ret->v6;
	/* An IPv4 address in an IPv6 socket. */
	if (strncasecmp(ret->ip, "::ffff:", 7) == 0 && strchr(ret->ip, '.')) {
		memmove(ret->ip, ret->ip + 7, strlen(ret->ip + 7) + 1);
		ret->v4 = true;
		ret->v6 = false;
	}
	ret->any = both || strcmp(ret->ip, "0.0.0.0") == 0 || strcmp(ret->ip, "::") == 0;
	return true;
}

static bool listeners_collide(const struct listener *a, const struct listener *b)
{
	if (a->port != b->port || !((a->v4 && b->v4) || (a->v6 && b->v6)))
		return false;
	return a->any || b->any || strcmp(a->ip, b->ip) == 0;
}

static enum check_outcome check_listeners(const struct preflight *p, const char *what,
					  const char *ours, const char *theirs, struct finding *f)
{
	struct listener a, b;
	const char *text;

	for (size_t i = 0; (text = facts_nth(p->source, ours, i)) != NULL; i++) {
		if (!listener_parse(text, &a))
			continue;
		for (size_t j = 0; (text = facts_nth(p->destination, theirs, j)) != NULL; j++)
			if (listener_parse(text, &b) && listeners_collide(&a, &b))
				return check_fail(f, NULL, "%sport %ld is in use on %s", what,
						  a.port, p->destination_name);
	}
	return CHECK_OK;
}

CHECK(ports)
{
	if (!p->bundle->host_network && !p->bundle->netns)
		return CHECK_NOT_NEEDED;
	if (check_listeners(p, "", "container-listen", "listen", f) == CHECK_FAILED)
		return CHECK_FAILED;
	return check_listeners(p, "UDP ", "container-listen-udp", "listen-udp", f);
}

static bool is_up(const json_t *link)
{
	const json_t *flag;
	size_t i;

	json_array_foreach (json_object_get(link, "flags"), i, flag) {
		const char *word = json_string_value(flag);
		if (word && strcmp(word, "UP") == 0)
			return true;
	}
	return false;
}

CHECK(device)
{
	CLEANUP_JSON json_t *links = facts_json(p->destination, "addr");

	if (!p->bundle->n_addresses)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; i < p->bundle->n_addresses; i++) {
		const struct address *a = &p->destination_addresses[i];
		const json_t *link = link_find_device(links, a->device);
		if (!*a->device)
			return check_fail(f, "name the device: --address ADDRESS/PREFIX@DEVICE",
					  "no device of %s is in the network of %s",
					  p->destination_name, a->ip);
		if (!link)
			return check_fail(f, NULL, "there is no device '%s' on %s for %s",
					  a->device, p->destination_name, a->ip);
		if (!is_up(link))
			return check_fail(f, "set it up: ip link set DEVICE up",
					  "device '%s' on %s is down", a->device,
					  p->destination_name);
	}
	return CHECK_OK;
}

CHECK(address)
{
	CLEANUP_JSON json_t *links = facts_json(p->destination, "addr");

	if (!p->bundle->n_addresses)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; i < p->bundle->n_addresses; i++) {
		int prefix;
		const char *ip = p->bundle->addresses[i].ip;
		const json_t *link = link_find_address(links, ip, &prefix);
		if (link)
			return check_fail(f, NULL,
					  "service address %s is on %s already, on '%.15s'", ip,
					  p->destination_name, link_text(link, "ifname"));
	}
	return CHECK_OK;
}

CHECK(address_source)
{
	if (!p->bundle->n_addresses)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; i < p->bundle->n_addresses; i++)
		if (!p->source_has[i])
			return check_fail(f, NULL, "service address %s is not on %s",
					  p->bundle->addresses[i].ip, p->source_name);
	return CHECK_OK;
}

static bool is_hardware_address_of(const json_t *links, const char *mac)
{
	const json_t *link;
	size_t i;

	json_array_foreach (links, i, link)
		if (strcasecmp(link_text(link, "address"), mac) == 0)
			return true;
	return false;
}

CHECK(address_in_use)
{
	CLEANUP_JSON json_t *links = facts_json(p->source, "addr");
	const char *row;

	if (!p->bundle->n_addresses)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; (row = facts_nth(p->destination, "owner", i)) != NULL; i++) {
		/* "ADDRESS HARDWARE-ADDRESS", as seen from the destination */
		const char *blank = strchr(row, ' ');
		if (!blank || is_hardware_address_of(links, blank + 1))
			continue;
		return check_fail(f, NULL, "%.*s answers to %s for service address %.*s, not %s",
				  20, blank + 1, p->destination_name, (int)(blank - row), row,
				  p->source_name);
	}
	return CHECK_OK;
}

/* The kernel takes an address for the host's own connections unless it is deprecated. */
CHECK(address_preferred)
{
	CLEANUP_JSON json_t *links = facts_json(p->source, "addr");
	const json_t *link, *info;
	size_t i, j;

	if (!p->bundle->n_addresses || p->bundle->netns)
		return CHECK_NOT_NEEDED;
	json_array_foreach (links, i, link) {
		json_array_foreach (json_object_get(link, "addr_info"), j, info) {
			const char *ip = link_text(info, "local");
			if (!strchr(ip, ':') || !bundle_has_address(p->bundle, ip) ||
			    json_is_true(json_object_get(info, "deprecated")))
				continue;
			return check_warn(f, NULL,
					  "%s may use service address %.45s for connections of its "
					  "own (ssh, NFS), which break when it moves",
					  p->source_name, ip);
		}
	}
	return CHECK_OK;
}

/* "FROM PORT TO PORT" as sshd says it; of the four words the one at i, without its zone. */
static void ssh_address(const char *connection, int i, char ret[64])
{
	while (i-- > 0) {
		connection += strcspn(connection, " ");
		connection += strspn(connection, " ");
	}
	(void)snprintf(ret, 64, "%.*s", (int)strcspn(connection, " %"), connection);
	if (strncasecmp(ret, "::ffff:", 7) == 0 && strchr(ret, '.'))
		memmove(ret, ret + 7, strlen(ret + 7) + 1);
}

CHECK(connection)
{
	char from[64], to[64];

	if (!p->bundle->n_addresses || p->bundle->netns)
		return CHECK_NOT_NEEDED;
	for (size_t i = 0; i < CHECK_HOSTS; i++) {
		struct check_host host = check_host(p, i);
		ssh_address(facts_get(host.facts, "ssh"), 0, from);
		ssh_address(facts_get(host.facts, "ssh"), 2, to);
		if (bundle_has_address(p->bundle, from))
			return check_fail(
				f,
				"take another for it: ip -6 addr change ADDRESS/PREFIX dev "
				"DEVICE preferred_lft 0",
				"the ssh connection to %s comes from service address %s", host.name,
				from);
		if (bundle_has_address(p->bundle, to))
			return check_fail(f, NULL,
					  "an ssh connection to %s goes to service address %s",
					  host.name, to);
	}
	return CHECK_OK;
}

CHECK(endpoint)
{
	if (!p->bundle->endpoints.n)
		return CHECK_NOT_NEEDED;
	return p->endpoint_silence ? check_fail(f, NULL, "%s", p->endpoint_silence) : CHECK_OK;
}

CHECK(packets)
{
	if (!p->tcp_established || !p->bundle->n_addresses)
		return CHECK_NOT_NEEDED;
	if (facts_has(p->destination, "ifb", "yes"))
		return CHECK_OK;
	return check_warn(f, NULL,
			  "%s can't hold packets back, only drop them: clients wait longer",
			  p->destination_name);
}
