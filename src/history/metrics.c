/* SPDX-License-Identifier: MIT */
#include "cmigrate/history/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmigrate/base/atomic_file.h"
#include "cmigrate/base/version.h"
#include "cmigrate/container/bundle_root.h"
#include "cmigrate/container/container.h"
#include "metrics_lines.h"

/* A value of a container's last move. Returns false if it is not known. */
typedef bool value_fn(const struct record *r, char text[32]);

static bool timestamp(const struct record *r, char text[32])
{
	(void)snprintf(text, 32, "%" PRId64, r->started_s);
	return true;
}

static bool seconds(double ms, char text[32])
{
	(void)snprintf(text, 32, "%.4f", ms / 1000);
	return ms >= 0;
}

static bool outage(const struct record *r, char text[32])
{
	return seconds(r->summary.outage_ms, text);
}

static bool freeze(const struct record *r, char text[32])
{
	return seconds(r->summary.freeze_ms, text);
}

static bool duration(const struct record *r, char text[32])
{
	return seconds(r->summary.total_ms, text);
}

static bool memory(const struct record *r, char text[32])
{
	(void)snprintf(text, 32, "%" PRIu64, r->summary.memory_bytes);
	return r->summary.memory_bytes > 0;
}

static const struct {
	const char *name, *help;
	value_fn *value;
} gauges[] = {
	{"timestamp_seconds", "When the last move started.", timestamp},
	{"outage_seconds", "From the freeze of the last move to the endpoint's first answer.",
	 outage},
	{"freeze_seconds", "How long the last move stopped the container's processes.", freeze},
	{"duration_seconds", "How long the last move took as a whole.", duration},
	{"memory_bytes", "Memory of the container at its last move.", memory},
};

static uint64_t count(const struct history *h, enum outcome outcome)
{
	uint64_t n = h->dropped[outcome];

	for (size_t i = 0; i < h->n; i++)
		n += h->rows[i].outcome == outcome;
	return n;
}

/*
 * Every outcome is written from the start, with 0 too: a rate needs the value before the first
 * move.
 */
static void add_totals(const struct all_histories *all, struct buf *out)
{
	metrics_head(out, "moves_total", "counter", "Moves that came to an end, by outcome.");
	for (size_t i = 0; i < all->n; i++)
		for (enum outcome o = 0; o < OUTCOME_IN_DOUBT; o++) {
			buf_puts(out, "cmigrate_moves_total{");
			metrics_label(out, "container", all->v[i].container);
			buf_puts(out, ",");
			metrics_label(out, "outcome", outcome_name(o));
			buf_printf(out, "} %" PRIu64 "\n", count(&all->v[i], o));
		}
}

static void add_in_doubt(const struct all_histories *all, struct buf *out)
{
	metrics_head(out, "moves_in_doubt", "gauge", "Moves that wait for 'cmigrate recover'.");
	for (size_t i = 0; i < all->n; i++) {
		buf_puts(out, "cmigrate_moves_in_doubt{");
		metrics_label(out, "container", all->v[i].container);
		buf_printf(out, "} %" PRIu64 "\n", count(&all->v[i], OUTCOME_IN_DOUBT));
	}
}

static void add_gauge(const struct all_histories *all, size_t which, struct buf *out)
{
	CLEANUP_FREE char *name = str_fmt("last_move_%s", gauges[which].name);
	char text[32];

	metrics_head(out, name, "gauge", gauges[which].help);
	for (size_t i = 0; i < all->n; i++) {
		const struct history *h = &all->v[i];
		if (!h->n || !gauges[which].value(&h->rows[h->n - 1], text))
			continue;
		buf_printf(out, "cmigrate_%s{", name);
		metrics_label(out, "container", h->container);
		buf_printf(out, "} %s\n", text);
	}
}

static void add_info(const struct all_histories *all, struct buf *out)
{
	metrics_head(out, "last_move_info", "gauge", "What the last move was; always 1.");
	for (size_t i = 0; i < all->n; i++) {
		const struct history *h = &all->v[i];
		const struct record *last = h->n ? &h->rows[h->n - 1] : NULL;
		if (!last)
			continue;
		buf_puts(out, "cmigrate_last_move_info{");
		metrics_label(out, "container", h->container);
		metrics_label(out, ",source", last->summary.source);
		metrics_label(out, ",destination", last->summary.destination);
		metrics_label(out, ",strategy", last->summary.strategy);
		metrics_label(out, ",outcome", outcome_name(last->outcome));
		buf_puts(out, "} 1\n");
	}
}

static bool is_repeated(const struct summary *s, size_t step)
{
	for (size_t i = 0; i < step; i++)
		if (strcmp(s->steps[i].name, s->steps[step].name) == 0)
			return true;
	return false;
}

/* The steps of the last move: where its time went. */
static void add_phases(const struct all_histories *all, struct buf *out)
{
	metrics_head(out, "last_move_phase_seconds", "gauge",
		     "How long each step of the last move took.");
	for (size_t i = 0; i < all->n; i++) {
		const struct history *h = &all->v[i];
		const struct summary *last = h->n ? &h->rows[h->n - 1].summary : NULL;
		for (size_t k = 0; last && k < last->n_steps; k++) {
			const char *name = last->steps[k].name;
			double ms = last->steps[k].ms;
			/* A step that was made twice has one line. */
			if (is_repeated(last, k))
				continue;
			for (size_t m = k + 1; m < last->n_steps; m++)
				if (strcmp(last->steps[m].name, name) == 0)
					ms += last->steps[m].ms;
			buf_puts(out, "cmigrate_last_move_phase_seconds{");
			metrics_label(out, "container", h->container);
			metrics_label(out, ",phase", name);
			buf_printf(out, "} %.4f\n", ms / 1000);
		}
	}
}

static void add_cordons(const struct all_histories *all, struct buf *out)
{
	metrics_head(out, "host_cordoned_timestamp_seconds", "gauge",
		     "Since when nothing is to be moved to a host.");
	for (size_t i = 0; i < all->cordons.n; i++) {
		const struct cordon *mark = &all->cordons.rows[i];
		int64_t since = mark->since ? container_time(mark->since) : -1;
		if (mark->open)
			continue;
		buf_puts(out, "cmigrate_host_cordoned_timestamp_seconds{");
		metrics_label(out, "host", mark->host);
		buf_printf(out, "} %" PRId64 "\n", since < 0 ? 0 : since);
	}
}

static void add_build(struct buf *out)
{
	metrics_head(out, "build_info", "gauge", "The cmigrate that wrote this; always 1.");
	buf_puts(out, "cmigrate_build_info{");
	metrics_label(out, "version", CMIGRATE_VERSION);
	buf_puts(out, "} 1\n");
}

void metrics_text(const struct all_histories *all, struct buf *out)
{
	add_build(out);
	add_totals(all, out);
	add_in_doubt(all, out);
	metrics_histograms(all, out);
	for (size_t i = 0; i < sizeof(gauges) / sizeof(*gauges); i++)
		add_gauge(all, i, out);
	add_phases(all, out);
	add_info(all, out);
	add_cordons(all, out);
}

int metrics_write(const struct all_histories *all, const char *path, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};

	metrics_text(all, &text);
	return atomic_file_write(path, buf_str(&text), text.len, true, err);
}

int metrics_update(const struct config *config, const struct events *events, struct err *err)
{
	CLEANUP_ALL_HISTORIES struct all_histories all = {0};
	CLEANUP_HOST struct host *host =
		bundle_root_host(config, config->bundle_root, NULL, events, err);

	if (!host || all_histories_load(host, config->bundle_root, NULL, &all, err) < 0 ||
	    all_histories_load_cordons(host, &all, err) < 0)
		return -1;
	return metrics_write(&all, config->metrics, err);
}
