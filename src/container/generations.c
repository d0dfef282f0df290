/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/generations.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/json.h"
#include "cmigrate/base/name.h"
#include "cmigrate/host/facts.h"

#define LOOK_MS 15000
#define REMOVE_MS 60000

static const struct field fields[] = {
	FIELD_AS("name", struct generation, container, FIELD_TEXT),
	FIELD(struct generation, id, FIELD_TEXT),
	FIELD(struct generation, taken, FIELD_TEXT),
	FIELD(struct generation, host, FIELD_TEXT),
	FIELD(struct generation, bytes, FIELD_COUNT),
	FIELD(struct generation, files, FIELD_COUNT),
	FIELD(struct generation, sum, FIELD_TEXT),
	FIELD(struct generation, runc, FIELD_COUNT),
	FIELD(struct generation, criu, FIELD_COUNT),
	FIELD(struct generation, kernel, FIELD_TEXT),
	{.key = NULL},
};

void generations_clear(struct generations *list)
{
	for (size_t i = 0; i < list->n; i++)
		fields_clear(fields, &list->rows[i]);
	free(list->rows);
	memset(list, 0, sizeof(*list));
}

json_t *generation_json(const struct generation *generation)
{
	return fields_json(fields, generation, json_object());
}

/* The directory's place says whose it is, and which. */
static int check(const struct generation *g, const char *container, const char *id, struct err *err)
{
	if (!g->container || strcmp(g->container, container) != 0 || !g->id ||
	    strcmp(g->id, id) != 0 || name_check_id(id, err) < 0 || name_check(container, err) < 0)
		return err_set(err, EXIT_FAILED, "it is not of '%s'", container);
	if (!g->taken || !g->host || !g->sum || name_check_host(g->host, err) < 0)
		return err_set(err, EXIT_FAILED, "its description lacks something");
	str_mask(g->taken);
	return 0;
}

/* "CONTAINER ID JSON" */
static int read_row(const char *text, struct generation *ret, struct err *err)
{
	CLEANUP_FREE char *copy = str_dup(text);
	char *save = NULL, *container = strtok_r(copy, " ", &save),
	     *id = strtok_r(NULL, " ", &save);

	if (!id || !save)
		return err_set(err, EXIT_FAILED, "no description");
	CLEANUP_JSON json_t *object = json_parse(save, strlen(save), "its description", err);
	if (!object || fields_read(fields, ret, object, "its description", err) < 0)
		return -1;
	return check(ret, container, id, err);
}

/* By container, then the newest first. */
static int by_age(const void *a, const void *b)
{
	const struct generation *x = a, *y = b;
	int order = strcmp(x->container, y->container);

	if (order == 0)
		order = strcmp(y->taken, x->taken);
	return order ? order : strcmp(y->id, x->id);
}

/* The first error is in *err; the others are left out. */
int generations_parse(const char *text, struct generations *ret, struct err *err)
{
	struct facts facts;
	const char *line;
	int status = 0;

	facts_parse(&facts, text);
	for (size_t i = 0; (line = facts_nth(&facts, "generation", i)) != NULL; i++) {
		struct generation row = {0};
		struct err why = ERR_INIT;
		if (read_row(line, &row, &why) == 0) {
			ret->rows = mem_grow(ret->rows, ret->n + 1, sizeof(row));
			ret->rows[ret->n++] = row;
			continue;
		}
		fields_clear(fields, &row);
		if (status == 0)
			(void)err_set(err, EXIT_FAILED, "checkpoint '%.60s': %s", line, why.msg);
		status = -1;
	}
	const char *ended = strchr(facts_get(&facts, "checkpoint"), ' ');
	ret->checkpoint = ended ? strtoll(ended, NULL, 10) : 0;
	facts_clear(&facts);
	if (ret->n)
		qsort(ret->rows, ret->n, sizeof(*ret->rows), by_age);
	return status;
}

static void request(struct argv *a, const char *op, const char *container)
{
	argv_addl(a, "generations", op, NULL);
	if (container)
		argv_addf(a, "container=%s", container);
}

int generations_read(struct host *host, const char *container, struct generations *ret,
		     struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *out = NULL;
	struct err damaged = ERR_INIT;

	memset(ret, 0, sizeof(*ret));
	request(&a, "op=list", container);
	struct command cmd = {.argv = a.v, .timeout_ms = LOOK_MS, .limit = JSON_TEXT_MAX};
	if (host_output(host, &cmd, &out, err) < 0)
		return -1;
	if (generations_parse(out ? out : "", ret, &damaged) < 0)
		event_note(host->events, "%s", damaged.msg);
	return 0;
}

const struct generation *generations_find(const struct generations *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (!id || strcmp(list->rows[i].id, id) == 0)
			return &list->rows[i];
	return NULL;
}

int generation_keep(struct host *host, const struct generation *g, int timeout_ms, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_JSON json_t *object = generation_json(g);
	CLEANUP_FREE char *line = json_line(object);

	request(&a, "op=keep", g->container);
	argv_addf(&a, "id=%s", g->id);
	struct command cmd = {.argv = a.v, .input = line, .timeout_ms = timeout_ms};
	return host_run(host, &cmd, err);
}

int generations_prune(struct host *host, const char *container, size_t keep, struct err *err)
{
	CLEANUP_GENERATIONS struct generations list = {0};
	int status = generations_read(host, container, &list, err);

	for (size_t i = keep; status == 0 && i < list.n; i++) {
		CLEANUP_ARGV struct argv a = {0};
		request(&a, "op=remove", container);
		argv_addf(&a, "id=%s", list.rows[i].id);
		status = host_run(host, &(struct command){.argv = a.v, .timeout_ms = REMOVE_MS},
				  err);
	}
	return status;
}

int generations_sweep(struct host *host, const char *container, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	request(&a, "op=sweep", container);
	return host_run(host, &(struct command){.argv = a.v, .timeout_ms = REMOVE_MS}, err);
}
