/* SPDX-License-Identifier: MIT */
/* check_report: the results of the checks, and the plan of a move, for people and programs. */
#ifndef CMIGRATE_CHECK_REPORT_H
#define CMIGRATE_CHECK_REPORT_H

#include "cmigrate/base/event.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/move/move.h"

/* A row per check on stdout, with --json an object per check. */
void check_report(struct ui *ui, const struct check_results *results);
/* What the checks warn of, as notes; for a move that goes on all the same. */
void check_warnings(const struct events *events, const struct check_results *results);
/* With --json a refusal (status below 0) ends with a summary, as that of a move does. */
void refusal_report(struct ui *ui, struct move *move, int status, const struct err *err);
/* The steps that the move would run, in order, and where. */
void plan_report(struct ui *ui, const struct move *move);

#endif
