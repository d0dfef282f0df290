/* SPDX-License-Identifier: MIT */
#include "cmigrate/network/service_address.h"

#include <string.h>

#include "cmigrate/network/handover.h"
#include "cmigrate/network/links.h"

#define PLACE_MS 15000

static int ask(struct host *host, const char *op, const struct handover *handover,
	       struct facts *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;

	handover_words(handover, "place", op, &a);
	struct command cmd = {.argv = a.v, .timeout_ms = PLACE_MS};
	if (host_output(host, &cmd, &out, err) < 0)
		return err_wrap(err, "service address");
	facts_parse(ret, out);
	return 0;
}

static void find_missing(const struct facts *facts, const struct address *wanted, size_t n,
			 struct placed *ret)
{
	CLEANUP_JSON json_t *links = facts_json(facts, "addr");
	int prefix;

	ret->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!link_find_address(links, wanted[i].ip, &prefix))
			ret->added[ret->n++] = wanted[i];
}

static int refuse_taken(struct host *host, const struct handover *handover, struct err *err)
{
	struct facts facts = {0};

	if (!handover->n)
		return 0;
	if (ask(host, "taken", handover, &facts, err) < 0)
		return -1;
	CLEANUP_FREE char *taken = str_dup(facts_nth(&facts, "taken", 0));
	facts_clear(&facts);
	if (!taken)
		return 0;
	char *who = taken + strcspn(taken, " ");
	if (*who)
		*who++ = '\0';
	return err_set(err, EXIT_REFUSED, "%s: another machine answers for %.64s: %.64s",
		       host->name, taken, who);
}

static struct handover handover_of(struct host *host, const struct bundle *bundle,
				   const struct address *addresses, size_t n)
{
	struct handover handover = {.host = host, .netns = bundle->netns, .n = n};

	if (n)
		memcpy(handover.addresses, addresses, n * sizeof(*addresses));
	return handover;
}

static int put(struct host *host, const struct bundle *bundle, const struct address *wanted,
	       const struct placed *placed, struct err *err)
{
	struct handover missing = handover_of(host, bundle, placed->added, placed->n);
	struct handover all = handover_of(host, bundle, wanted, bundle->n_addresses);
	struct err ignored = ERR_INIT;

	if (refuse_taken(host, &missing, err) < 0)
		return -1;
	if (handover_address_up(&missing, err) == 0 && handover_announce(&all, err) == 0)
		return 0;
	if (service_address_undo(host, bundle, placed, &ignored) < 0)
		(void)err_append(err, "%s", ignored.msg);
	return -1;
}

int service_address_look(struct host *host, const struct bundle *bundle, struct facts *ret,
			 struct err *err)
{
	struct handover handover =
		handover_of(host, bundle, bundle->addresses, bundle->n_addresses);

	return ask(host, "look", &handover, ret, err);
}

int service_address_add(struct host *host, const struct bundle *bundle, const struct facts *seen,
			const struct address *wanted, struct placed *ret, struct err *err)
{
	struct placed placed = {.n = 0};

	find_missing(seen, wanted, bundle->n_addresses, &placed);
	/* An earlier run or the host itself had it; `stop` will remove it. */
	if (placed.n < bundle->n_addresses)
		event_note(host->events, "%s has a service address of '%s' already", host->name,
			   bundle->name);
	if (put(host, bundle, wanted, &placed, err) < 0)
		return -1;
	*ret = placed;
	return 0;
}

int service_address_undo(struct host *host, const struct bundle *bundle,
			 const struct placed *placed, struct err *err)
{
	struct handover handover = handover_of(host, bundle, placed->added, placed->n);

	return handover_address_down(&handover, err);
}

int service_address_remove(struct host *host, const struct bundle *bundle, struct err *err)
{
	struct handover handover =
		handover_of(host, bundle, bundle->addresses, bundle->n_addresses);

	return handover_address_down(&handover, err);
}
