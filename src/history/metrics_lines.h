/* SPDX-License-Identifier: MIT */
/* metrics_lines: the parts of the metrics file, in the text format of Prometheus. */
#ifndef CMIGRATE_METRICS_LINES_H
#define CMIGRATE_METRICS_LINES_H

#include "cmigrate/base/str.h"
#include "cmigrate/history/all_histories.h"

/* HELP and TYPE of cmigrate_NAME, before its first line. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* KEY="VALUE"; NULL is "". Hosts, containers and words need no escaping, but a damaged text must
 * not break the line. */
void metrics_label(struct buf *out, const char *key, const char *value);
/* The histograms and byte counters of all moves (tally.h). */
void metrics_histograms(const struct all_histories *all, struct buf *out);

#endif
