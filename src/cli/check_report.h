/* SPDX-License-Identifier: MIT */
/* check_report: prints the results of the checks and the plan of a move, as text or JSON. */
#ifndef CMIGRATE_CHECK_REPORT_H
#define CMIGRATE_CHECK_REPORT_H

#include "cmigrate/base/event.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/move.h"

/* Prints a row for each check on stdout; with --json an object for each. */
void check_report(struct ui *ui, const struct check_results *results);
/* Prints the warnings as notes, for a move that goes on. */
void check_warnings(const struct events *events, const struct check_results *results);
/* Ends a refusal (status below 0) with a summary object, with --json only. */
void refusal_report(struct ui *ui, struct move *move, int status, const struct err *err);
/* Prints the steps that the move would run, in order, and their hosts. */
void plan_report(struct ui *ui, const struct move *move);

#endif
