/* SPDX-License-Identifier: MIT */
#include "cmigrate/network/links.h"

#include <string.h>

const char *link_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const json_t *link_find_device(const json_t *links, const char *name)
{
	const json_t *link;
	size_t i;

	json_array_foreach (links, i, link)
		if (*name && strcmp(link_text(link, "ifname"), name) == 0)
			return link;
	return NULL;
}

const json_t *link_find_address(const json_t *links, const char *ip, int *ret_prefix)
{
	const json_t *link, *info;
	size_t i, j;

	json_array_foreach (links, i, link) {
		json_array_foreach (json_object_get(link, "addr_info"), j, info) {
			if (strcmp(link_text(info, "local"), ip) != 0)
				continue;
			json_int_t n = json_integer_value(json_object_get(info, "prefixlen"));
			*ret_prefix = n < 0 || n > 128 ? 0 : (int)n;
			return link;
		}
	}
	return NULL;
}
