/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/past_freeze.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/strategy.h"

/* Older ones tell less about today's hosts. */
#define FREEZES 5
/* About as much of a freeze does not grow with the memory (docs/move.md). */
#define BASE_MS 50

static bool counts(const struct record *r, const char *strategy)
{
	const struct summary *s = &r->summary;
	bool whole = r->outcome == OUTCOME_MOVED || r->outcome == OUTCOME_SILENT;
	bool cut = s->undone_by && strcmp(s->undone_by, UNDONE_BY_BOUND) == 0;

	return s->freeze_ms > 0 && strcmp(s->strategy, strategy) == 0 && (whole || cut);
}

/* The freeze copies nothing of memory that follows. */
static double scaled(const struct summary *s, uint64_t bytes)
{
	enum strategy_id strategy;
	bool follows = strategy_parse(s->strategy, &strategy) && strategy_is_post_copy(strategy);

	if (follows || !bytes || !s->memory_bytes || s->freeze_ms <= BASE_MS)
		return s->freeze_ms;
	return BASE_MS + (s->freeze_ms - BASE_MS) * (double)bytes / (double)s->memory_bytes;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double past_freeze_ms(const struct history *h, const char *strategy, uint64_t bytes)
{
	double ms[FREEZES];
	size_t n = 0;

	for (size_t i = h->n; i-- > 0 && n < FREEZES;)
		if (counts(&h->rows[i], strategy))
			ms[n++] = scaled(&h->rows[i].summary, bytes);
	if (!n)
		return -1;
	qsort(ms, n, sizeof(*ms), by_size);
	return ms[n / 2];
}
