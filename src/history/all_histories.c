/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/all_histories.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/name.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/container.h"
#include "cmigrate/host/remote_path.h"

#define LIST_MS 15000

static void load_one(struct host *host, const char *root, const char *name,
		     struct all_histories *all)
{
	CLEANUP_FREE char *dir = str_fmt("%s/%s", root, name);
	struct state_dir state_dir;
	struct history h = {0};
	struct err why = ERR_INIT;

	state_dir_init(&state_dir, host, dir);
	if (history_load(&state_dir, name, &h, &why) < 0) {
		argv_addf(&all->unread, "the history of '%s' can't be read: %s", name, why.msg);
	} else {
		if (h.damaged)
			argv_addf(&all->unread,
				  "'%s/" HISTORY_FILE "': %u damaged lines are left out",
				  state_dir.dir, h.damaged);
		all->v = mem_grow(all->v, all->n + 1, sizeof(*all->v));
		all->v[all->n++] = h;
	}
	state_dir_clear(&state_dir);
}

static int has_bundle(struct host *host, const char *root, const char *name, struct err *err)
{
	CLEANUP_FREE char *dir = str_fmt("%s/%s", root, name);
	bool there = false;

	if (path_is_directory(host, name, &there, err) < 0)
		return -1;
	return there ? 0
		     : err_set(err, EXIT_REFUSED, "no container '%s': %s has no '%s'", name,
			       host->name, dir);
}

int all_histories_load(struct host *host, const char *root, const char *name,
		       struct all_histories *ret, struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};

	memset(ret, 0, sizeof(*ret));
	if (name && (name_check(name, err) < 0 || has_bundle(host, root, name, err) < 0))
		return -1;
	if (name)
		argv_add(&names, name);
	else if (bundle_root_with(host, HISTORY_FILE, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++)
		load_one(host, root, names.v[i], ret);
	return 0;
}

int all_histories_load_cordons(struct host *host, struct all_histories *all, struct err *err)
{
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"list", "op=plain", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = LIST_MS, .limit = LIST_LIMIT};
	struct facts facts;

	if (host_output(host, &cmd, &out, err) < 0)
		return -1;
	facts_parse(&facts, out);
	cordons_add(&all->cordons, &facts);
	facts_clear(&facts);
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct record *one = *(const struct record *const *)a;
	const struct record *other = *(const struct record *const *)b;

	if (one->started_s != other->started_s)
		return one->started_s < other->started_s ? -1 : 1;
	int order = strcmp(one->summary.container, other->summary.container);
	/*
	 * Records of one container are in one array: within a second the order of its file decides.
	 */
	return order ? order : (one > other) - (one < other);
}

const struct record **all_histories_rows(const struct all_histories *all, int64_t since,
					 unsigned limit, size_t *ret_n)
{
	size_t n = 0, most = 1;

	for (size_t i = 0; i < all->n; i++)
		most += all->v[i].n;
	const struct record **rows = mem_new(most, sizeof(*rows));
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->v[i].n; k++)
			if (all->v[i].rows[k].started_s >= since)
				rows[n++] = &all->v[i].rows[k];
	if (n)
		qsort(rows, n, sizeof(*rows), by_time);
	if (limit && n > limit) {
		memmove(rows, rows + n - limit, limit * sizeof(*rows));
		n = limit;
	}
	*ret_n = n;
	return rows;
}

void all_histories_clear(struct all_histories *all)
{
	for (size_t i = 0; i < all->n; i++)
		history_clear(&all->v[i]);
	free(all->v);
	argv_clear(&all->unread);
	cordons_clear(&all->cordons);
	memset(all, 0, sizeof(*all));
}
