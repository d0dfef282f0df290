/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/tally.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/str.h"

/* Strategies times outcomes; a file of another program may claim more. */
#define ROWS_MAX 64
#define STRATEGY_MAX 64

const struct tally_kind tally_kinds[TALLY_TIMES] = {
	[TALLY_OUTAGE] = {"outage",
			  "From the freeze of a move to the endpoint's first answer.",
			  {0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30}},
	[TALLY_FREEZE] = {"freeze",
			  "How long a move stopped the container's processes.",
			  {0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30}},
	[TALLY_DURATION] = {"duration",
			    "How long a move took as a whole.",
			    {0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300}},
};

void tally_clear(struct tally *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->rows[i].strategy);
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

static struct tally_row *row_of(struct tally *t, const char *strategy, enum outcome outcome)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].outcome == outcome && strcmp(t->rows[i].strategy, strategy) == 0)
			return &t->rows[i];
	t->rows = mem_grow(t->rows, t->n + 1, sizeof(*t->rows));
	t->rows[t->n] = (struct tally_row){.strategy = str_dup(strategy), .outcome = outcome};
	return &t->rows[t->n++];
}

static void count(struct tally_row *row, enum tally_time which, double ms)
{
	struct tally_histogram *h = &row->times[which];
	size_t bucket = 0;

	/* It is not known. */
	if (ms < 0)
		return;
	while (bucket < TALLY_BOUNDS && ms / 1000 > tally_kinds[which].bounds[bucket])
		bucket++;
	h->counts[bucket]++;
	h->sum += ms / 1000;
}

void tally_add(struct tally *t, const struct record *record)
{
	const struct summary *s = &record->summary;

	if (record->outcome == OUTCOME_IN_DOUBT)
		return;
	struct tally_row *row = row_of(t, s->strategy ? s->strategy : "unknown", record->outcome);
	count(row, TALLY_OUTAGE, s->outage_ms);
	count(row, TALLY_FREEZE, s->freeze_ms);
	count(row, TALLY_DURATION, s->total_ms);
	row->memory_bytes += s->memory_bytes;
	for (size_t i = 0; i < s->n_passes; i++)
		row->pass_bytes += s->passes[i].bytes;
}

void tally_join(struct tally *t, const struct tally *other)
{
	for (size_t i = 0; i < other->n; i++) {
		const struct tally_row *from = &other->rows[i];
		struct tally_row *to = row_of(t, from->strategy, from->outcome);
		for (size_t k = 0; k < TALLY_TIMES; k++) {
			for (size_t b = 0; b <= TALLY_BOUNDS; b++)
				to->times[k].counts[b] += from->times[k].counts[b];
			to->times[k].sum += from->times[k].sum;
		}
		to->memory_bytes += from->memory_bytes;
		to->pass_bytes += from->pass_bytes;
	}
}

/* ---- in the first line of a history ---- */

static json_t *histogram_json(const struct tally_histogram *h)
{
	json_t *counts = json_array();

	for (size_t b = 0; b <= TALLY_BOUNDS; b++)
		(void)json_array_append_new(counts, json_integer((json_int_t)h->counts[b]));
	return json_pack("{s:o, s:f}", "counts", counts, "sum", h->sum);
}

json_t *tally_json(const struct tally *t)
{
	json_t *array = json_array();

	for (size_t i = 0; i < t->n; i++) {
		const struct tally_row *row = &t->rows[i];
		json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "strategy", row->strategy,
					   "outcome", outcome_name(row->outcome), "memory_bytes",
					   (json_int_t)row->memory_bytes, "pass_bytes",
					   (json_int_t)row->pass_bytes);
		for (size_t k = 0; k < TALLY_TIMES; k++)
			(void)json_object_set_new(object, tally_kinds[k].name,
						  histogram_json(&row->times[k]));
		(void)json_array_append_new(array, object);
	}
	return array;
}

static uint64_t count_of(const json_t *value)
{
	json_int_t n = json_integer_value(value);

	return n > 0 ? (uint64_t)n : 0;
}

/* Other bounds than ours are of another version: only what is counted alike can be added. */
static void read_histogram(struct tally_histogram *h, const json_t *object)
{
	const json_t *counts = json_object_get(object, "counts");
	double sum = json_number_value(json_object_get(object, "sum"));

	if (json_array_size(counts) != TALLY_BOUNDS + 1 || !(sum >= 0))
		return;
	for (size_t b = 0; b <= TALLY_BOUNDS; b++)
		h->counts[b] += count_of(json_array_get(counts, b));
	h->sum += sum;
}

static void read_row(struct tally *t, const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "strategy"));
	const char *said = json_string_value(json_object_get(object, "outcome"));

	for (size_t o = 0; word && said && o < OUTCOME_IN_DOUBT; o++) {
		if (strcmp(said, outcome_name((enum outcome)o)) != 0 || strlen(word) > STRATEGY_MAX)
			continue;
		CLEANUP_FREE char *strategy = str_dup(word);
		str_mask(strategy);
		struct tally_row *row = row_of(t, strategy, (enum outcome)o);
		row->memory_bytes += count_of(json_object_get(object, "memory_bytes"));
		row->pass_bytes += count_of(json_object_get(object, "pass_bytes"));
		for (size_t k = 0; k < TALLY_TIMES; k++)
			read_histogram(&row->times[k],
				       json_object_get(object, tally_kinds[k].name));
	}
}

void tally_read(struct tally *t, const json_t *array)
{
	const json_t *row;
	size_t i;

	json_array_foreach (array, i, row)
		if (i < ROWS_MAX)
			read_row(t, row);
}
