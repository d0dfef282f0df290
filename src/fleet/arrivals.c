/* SPDX-License-Identifier: MIT */
#include "arrivals.h"

#include <string.h>

#include "cmigrate/container/journal.h"

/* Whether the journal of a container is of a move to the host. */
static bool comes_here(struct drain *d, const char *name)
{
	CLEANUP_FREE char *dir = str_fmt("%s/%s", d->caller->config->bundle_root, name);
	struct journal_state journal = {0};
	struct state_dir at = {0};
	struct err unread = ERR_INIT;

	state_dir_init(&at, d->root.host, dir);
	bool read = journal_load(&at, &journal, &unread) == 0 && journal.found;
	const char *to =
		read ? json_string_value(json_object_get(journal.move, "destination")) : NULL;
	bool comes = to && strcmp(to, d->host) == 0;
	journal_state_clear(&journal);
	state_dir_clear(&at);
	return comes;
}

bool arrivals_expected(struct drain *d, const char **ret_name)
{
	const struct containers *all = &d->fleet.containers;
	struct err unread = ERR_INIT;

	if (bundle_root_reach(&d->root, d->caller->config, d->caller->events, &unread) < 0)
		return false;
	for (size_t i = 0; i < all->n; i++) {
		const struct container *c = &all->rows[i];
		if (!c->in_move || strcmp(c->host, d->host) == 0 ||
		    argv_has(&d->exclude, c->name) || !comes_here(d, c->name))
			continue;
		*ret_name = c->name;
		return true;
	}
	return false;
}
