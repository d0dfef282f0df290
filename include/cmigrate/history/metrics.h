/* SPDX-License-Identifier: MIT */
/*
 * metrics: past moves as Prometheus reads them from a file (the text format 0.0.4 of
 * node_exporter's textfile collector). Made from the records alone, so it is right after a crash
 * too.
 */
#ifndef CMIGRATE_METRICS_H
#define CMIGRATE_METRICS_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/history/all_histories.h"
#include "cmigrate/host/config.h"

/* Adds the text. A value that is not known has no line. */
void metrics_text(const struct histories *all, struct buf *out);
/* Writes it to the file, at once and of mode 0644: a collector reads the old or the new one. */
int metrics_write(const struct histories *all, const char *path, struct err *err);
/* Reads the records of all containers anew, and writes config->metrics. */
int metrics_update(const struct config *config, const struct events *events, struct err *err);

#endif
