/* SPDX-License-Identifier: MIT */
/* Lines of the metrics file, and its histograms. */
#include "metrics_lines.h"

#include <inttypes.h>
#include <stdlib.h>

#include "cmigrate/history/tally.h"

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP cmigrate_%s %s\n# TYPE cmigrate_%s %s\n", name, help, name, type);
}

void metrics_label(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, "%s=\"", key);
	for (const char *c = value ? value : ""; *c; c++) {
		if (*c == '\\' || *c == '"')
			buf_add(out, "\\", 1);
		buf_add(out, *c == '\n' ? " " : c, 1);
	}
	buf_puts(out, "\"");
}

static void add_labels(struct buf *out, const char *name, const char *container,
		       const struct tally_row *row)
{
	buf_printf(out, "cmigrate_%s{", name);
	metrics_label(out, "container", container);
	metrics_label(out, ",strategy", row->strategy);
	metrics_label(out, ",outcome", outcome_name(row->outcome));
}

/* Each bucket counts everything up to its bound. */
static void add_histogram(struct buf *out, const char *name, const char *container,
			  const struct tally_row *row, enum tally_time which)
{
	const struct tally_histogram *h = &row->times[which];
	CLEANUP_FREE char *bucket = str_fmt("%s_bucket", name);
	CLEANUP_FREE char *sum = str_fmt("%s_sum", name);
	CLEANUP_FREE char *total = str_fmt("%s_count", name);
	uint64_t below = 0;

	for (size_t b = 0; b < TALLY_BOUNDS; b++) {
		below += h->counts[b];
		add_labels(out, bucket, container, row);
		buf_printf(out, ",le=\"%g\"} %" PRIu64 "\n", tally_kinds[which].bounds[b], below);
	}
	below += h->counts[TALLY_BOUNDS];
	add_labels(out, bucket, container, row);
	buf_printf(out, ",le=\"+Inf\"} %" PRIu64 "\n", below);
	add_labels(out, sum, container, row);
	buf_printf(out, "} %.4f\n", h->sum);
	add_labels(out, total, container, row);
	buf_printf(out, "} %" PRIu64 "\n", below);
}

/* Records that made room for newer ones count too. */
static void count(const struct history *h, struct tally *ret)
{
	tally_join(ret, &h->dropped_tally);
	for (size_t i = 0; i < h->n; i++)
		tally_add(ret, &h->rows[i]);
}

static void add_time(const struct all_histories *all, const struct tally *tallies,
		     enum tally_time which, struct buf *out)
{
	CLEANUP_FREE char *name = str_fmt("move_%s_seconds", tally_kinds[which].name);

	metrics_head(out, name, "histogram", tally_kinds[which].help);
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < tallies[i].n; k++)
			add_histogram(out, name, all->v[i].container, &tallies[i].rows[k], which);
}

static void add_bytes(const struct all_histories *all, const struct tally *tallies, bool passes,
		      struct buf *out)
{
	const char *name = passes ? "move_pass_bytes_total" : "move_memory_bytes_total";

	metrics_head(out, name, "counter",
		     passes ? "Memory that passes copied before the freeze."
			    : "Memory of the containers of finished moves.");
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < tallies[i].n; k++) {
			const struct tally_row *row = &tallies[i].rows[k];
			add_labels(out, name, all->v[i].container, row);
			buf_printf(out, "} %" PRIu64 "\n",
				   passes ? row->pass_bytes : row->memory_bytes);
		}
}

void metrics_histograms(const struct all_histories *all, struct buf *out)
{
	struct tally *tallies = mem_new(all->n + 1, sizeof(*tallies));

	for (size_t i = 0; i < all->n; i++)
		count(&all->v[i], &tallies[i]);
	for (size_t which = 0; which < TALLY_TIMES; which++)
		add_time(all, tallies, (enum tally_time)which, out);
	add_bytes(all, tallies, false, out);
	add_bytes(all, tallies, true, out);
	for (size_t i = 0; i < all->n; i++)
		tally_clear(&tallies[i]);
	free(tallies);
}
