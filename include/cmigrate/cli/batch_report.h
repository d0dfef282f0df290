/* SPDX-License-Identifier: MIT */
/* batch_report: what `drain` and `rebalance` tell of their moves. */
#ifndef CMIGRATE_BATCH_REPORT_H
#define CMIGRATE_BATCH_REPORT_H

#include <jansson.h>

#include "cmigrate/cli/cmd.h"
#include "cmigrate/fleet/batch.h"

/* Of a command's own options and user interface; caller->options is the caller's to clear. */
void batch_caller_init(struct batch_caller *caller, const struct app *app);
/* One move that is over: a line of progress, or with --json an object. */
void batch_report_move(struct ui *ui, const struct batch_move *move);
/* All of them as a table on stdout; with --quiet what failed, on stderr, a line each. */
void batch_report_all(struct ui *ui, const struct batch_move *rows, size_t n);
/* Names of the moves with that outcome, as a list. A new reference. */
json_t *batch_report_names(const struct batch_move *rows, size_t n, enum batch_outcome outcome);
/* Null where it isn't known: 0. A new reference. */
json_t *batch_report_bytes(uint64_t bytes);
/* Milliseconds since then, in tenths: more digits would be noise. */
double batch_report_ms(int64_t start_us);
/* "'a' refused, 'b' in-doubt" of all that failed, "" where none did. Owned by the caller. */
char *batch_report_failures(const struct batch_move *rows, size_t n);

#endif
