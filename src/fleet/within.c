/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/within.h"

#include <stdlib.h>
#include <string.h>

/* Moves of a container that the prediction looks at. */
#define LAST_MOVES 3
/* A move of a container that was never moved: connecting and the checks, then its memory twice over
 * a shared directory of 100 MB a second. */
#define MOVE_BASE_MS 3000
#define MOVE_BYTES_MS 50000
/* A checkpoint writes the memory once, and waits for the disk. */
#define CHECKPOINT_BASE_MS 2000
#define CHECKPOINT_BYTES_MS 50000
/* `stop` sends SIGKILL ten seconds after SIGTERM. */
#define STOP_MS 12000
#define MARGIN 1.25
#define SECONDS_MAX 86400

const char *const fallback_words[] = {"leave", "checkpoint", "stop", NULL};

int within_seconds(const char *text, unsigned *ret, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	unsigned long factor = 1, n = strtoul(text, NULL, 10);
	bool known = true;

	if (strcmp(unit, "m") == 0)
		factor = 60;
	else if (strcmp(unit, "h") == 0)
		factor = 3600;
	else
		known = !*unit || strcmp(unit, "s") == 0;
	if (!digits || digits > 5 || !known || !n || n * factor > SECONDS_MAX)
		return err_set(err, EXIT_USAGE,
			       "'%.40s' is not a time such as 90s or 2m, up to a day", text);
	*ret = (unsigned)(n * factor);
	return 0;
}

double within_move_ms(const struct history *history, uint64_t memory)
{
	double longest = 0, base = MOVE_BASE_MS + (double)memory / MOVE_BYTES_MS;
	unsigned seen = 0;

	for (size_t i = history ? history->n : 0; i > 0 && seen < LAST_MOVES; i--) {
		const struct record *r = &history->rows[i - 1];
		double ms = r->summary.total_ms;
		if (r->outcome != OUTCOME_MOVED || ms <= 0)
			continue;
		if (r->summary.memory_bytes && memory > r->summary.memory_bytes)
			ms *= (double)memory / (double)r->summary.memory_bytes;
		longest = ms > longest ? ms : longest;
		seen++;
	}
	return MARGIN * (seen ? longest : base);
}

double within_fallback_ms(enum fallback fallback, uint64_t memory)
{
	if (fallback == FALLBACK_CHECKPOINT)
		return CHECKPOINT_BASE_MS + (double)memory / CHECKPOINT_BYTES_MS;
	return fallback == FALLBACK_STOP ? STOP_MS : 0;
}

void within_add(struct within *w, uint64_t memory)
{
	double ms = within_fallback_ms(w->fallback, memory);

	w->sum_ms += ms;
	w->longest_ms = ms > w->longest_ms ? ms : w->longest_ms;
}

/* The longest stays what it is: it bounds the others too. */
void within_remove(struct within *w, uint64_t memory)
{
	w->sum_ms -= within_fallback_ms(w->fallback, memory);
	if (w->sum_ms < 1)
		w->sum_ms = w->longest_ms = 0;
}

/* No order in which they are begun takes longer (Graham's bound for list scheduling). */
double within_fallbacks_ms(const struct within *w)
{
	double n = w->parallel ? w->parallel : 1;
	double longest = w->longest_ms < w->sum_ms ? w->longest_ms : w->sum_ms;

	return w->sum_ms / n + longest * (1 - 1 / n);
}

bool within_fits(const struct within *w, int64_t now_us, double ms)
{
	if (!w->deadline_us)
		return true;
	return (double)now_us + 1000 * (ms + within_fallbacks_ms(w)) <= (double)w->deadline_us;
}
