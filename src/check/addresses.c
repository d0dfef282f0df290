/* SPDX-License-Identifier: MIT */
/* Where the service addresses are, and where they are to be. */
#include <stdio.h>
#include <string.h>

#include "cmigrate/check/check.h"

/* A device name from a host is taken only if it is one. */
static bool take_device(struct address *a, const char *device)
{
	struct err ignored = ERR_INIT;

	if (name_check_device(device, &ignored) < 0)
		return false;
	(void)snprintf(a->device, sizeof(a->device), "%s", device);
	return true;
}

/* Takes prefix and device over from where the address is; false where it isn't. */
static bool take_over(struct address *a, const json_t *links)
{
	int prefix = 0, max = a->v6 ? 128 : 32;
	const json_t *link = link_find_address(links, a->ip, &prefix);

	if (!link || !take_device(a, link_text(link, "ifname")))
		return false;
	a->prefix = prefix > 0 && prefix <= max ? prefix : max;
	return true;
}

/* The device whose network holds an address: the kernel's route to it has no gateway. */
static bool take_routed(struct address *a, const struct facts *facts)
{
	const char *text;

	for (size_t i = 0; (text = facts_nth(facts, "route", i)) != NULL; i++) {
		CLEANUP_JSON json_t *routes = json_loads(text, 0, NULL);
		const json_t *route = json_array_get(routes, 0);
		if (strcmp(link_text(route, "dst"), a->ip) != 0 ||
		    json_object_get(route, "gateway") || json_object_get(route, "via") ||
		    strcmp(link_text(route, "type"), "local") == 0)
			continue;
		return take_device(a, link_text(route, "dev"));
	}
	return false;
}

static void find_destination(struct preflight *p, size_t i, const json_t *links)
{
	const struct address *wanted = &p->bundle->addresses[i], *here = &p->source_addresses[i];
	struct address *there = &p->destination_addresses[i], found = *wanted;

	*there = *wanted;
	if (wanted->prefix == (wanted->v6 ? 128 : 32))
		there->prefix = here->prefix;
	if (*there->device)
		return;
	if (p->destination_device && take_device(there, p->destination_device))
		return;
	/* There already: check 'address' says so, and should not be hidden by one of the device. */
	if (take_over(&found, links) && take_device(there, found.device))
		return;
	if (!take_routed(there, p->destination) && p->source_has[i])
		(void)take_device(there, here->device);
}

int preflight_addresses(struct preflight *p, struct err *err)
{
	CLEANUP_JSON json_t *here = facts_json(p->source, "addr");
	CLEANUP_JSON json_t *there = facts_json(p->destination, "addr");

	for (size_t i = 0; i < p->bundle->n_addresses; i++) {
		p->source_addresses[i] = p->bundle->addresses[i];
		p->source_has[i] = take_over(&p->source_addresses[i], here);
		if (!p->source_has[i])
			*p->source_addresses[i].device = '\0';
		find_destination(p, i, there);
		if (!*p->destination_addresses[i].device && argv_has(&p->skip, "device"))
			return err_set(err, EXIT_REFUSED,
				       "no device of %s is in the network of %s; name it: "
				       "--address ADDRESS/PREFIX@DEVICE",
				       p->destination_name, p->bundle->addresses[i].ip);
	}
	return 0;
}

int preflight_devices(const struct host *host, const struct bundle *bundle,
		      const struct facts *facts, struct address *ret, struct err *err)
{
	const struct facts nothing = {0};
	struct preflight p = {.bundle = bundle,
			      .source_name = host->name,
			      .destination_name = host->name,
			      .source = &nothing,
			      .destination = facts,
			      .destination_device = host->device};

	argv_add(&p.skip, "device");
	int status = preflight_addresses(&p, err);
	argv_clear(&p.skip);
	memcpy(ret, p.destination_addresses, sizeof(p.destination_addresses));
	return status;
}
