/* SPDX-License-Identifier: MIT */
/* A host's own addresses beside the service addresses: packets for those are sent on to them. */
#include <string.h>

#include "cmigrate/base/str.h"
#include "part.h"

/* A deprecated address is the last choice: it may belong to another container, and move away. */
static void find_on_link(const json_t *link, const struct address *service, char ret_ip[IP_SIZE])
{
	const json_t *info;
	size_t i;

	*ret_ip = '\0';
	json_array_foreach (json_object_get(link, "addr_info"), i, info) {
		const char *ip = json_string_value(json_object_get(info, "local"));
		bool deprecated = json_is_true(json_object_get(info, "deprecated"));
		struct address found;
		struct err bad = ERR_INIT;
		if (!ip || address_parse(ip, &found, &bad) < 0 || found.v6 != service->v6 ||
		    strcmp(found.ip, service->ip) == 0)
			continue;
		if (!deprecated || !*ret_ip)
			memcpy(ret_ip, found.ip, IP_SIZE);
		if (!deprecated)
			return;
	}
}

void move_find_own_ips(struct side *side, size_t n)
{
	json_t *links = facts_json(&side->facts, "addr");
	const json_t *link;
	size_t i, j;

	for (i = 0; i < n; i++)
		json_array_foreach (links, j, link) {
			const char *name = json_string_value(json_object_get(link, "ifname"));
			if (name && strcmp(name, side->addresses[i].device) == 0)
				find_on_link(link, &side->addresses[i], side->own_ips[i]);
		}
	json_decref(links);
}
