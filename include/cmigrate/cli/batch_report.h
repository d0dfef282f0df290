/* SPDX-License-Identifier: MIT */
/* batch_report: prints the moves of `drain` and `rebalance`. */
#ifndef CMIGRATE_BATCH_REPORT_H
#define CMIGRATE_BATCH_REPORT_H

#include <jansson.h>

#include "cmigrate/cli/cmd.h"
#include "cmigrate/fleet/batch.h"

/*
 * Fills it from the command's options and user interface; caller->options is the caller's to clear.
 */
void batch_caller_init(struct batch_caller *caller, const struct app *app);
/* "root@rhel01": who runs this command, and where. Owned by the caller. */
char *batch_caller_name(const struct app *app);
/*
 * Prints all moves as a table on stdout; with --quiet only the failed ones, a line each on stderr.
 */
void batch_report_all(struct ui *ui, const struct batch_move *rows, size_t n);
/* The names of the moves with that outcome. A new reference. */
json_t *batch_report_names(const struct batch_move *rows, size_t n, enum batch_outcome outcome);
/* null for 0, which means unknown. A new reference. */
json_t *batch_report_bytes(uint64_t bytes);
/* Milliseconds since then. */
double batch_report_ms(int64_t start_us);
/* "stopped by ...; " of a batch that was stopped; "" if a move that failed was the reason. Constant
 * text. */
const char *batch_report_stop(bool stopped, struct batch_ear *ear);
/* "'a' refused, 'b' in-doubt" for all that failed, "" if none did. Owned by the caller. */
char *batch_report_failures(const struct batch_move *rows, size_t n);

#endif
