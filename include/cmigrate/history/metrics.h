/* SPDX-License-Identifier: MIT */
/*
 * metrics: past moves as a file for Prometheus (text format 0.0.4 of node_exporter's textfile
 * collector). It is made from the records alone, so it is right even after a crash.
 */
#ifndef CMIGRATE_METRICS_H
#define CMIGRATE_METRICS_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/history/all_histories.h"
#include "cmigrate/host/config.h"

/* Adds the text. An unknown value has no line. */
void metrics_text(const struct all_histories *all, struct buf *out);
/* Replaces the file at once, mode 0644: a collector reads the old or the new one. */
int metrics_write(const struct all_histories *all, const char *path, struct err *err);
/* Reads the records of all containers again and writes config->metrics. */
int metrics_update(const struct config *config, const struct events *events, struct err *err);

#endif
