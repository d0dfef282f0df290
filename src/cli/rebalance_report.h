/* SPDX-License-Identifier: MIT */
/* rebalance_report: prints the plan and the result of `rebalance`, as text or with --json. */
#ifndef CMIGRATE_REBALANCE_REPORT_H
#define CMIGRATE_REBALANCE_REPORT_H

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/rebalance.h"

/* Prints the moves, the loads before and after, and what the checks ruled out. */
void rebalance_report_plan(const struct rebalance *rebalance);
/*
 * Reports the moves. EXIT_DONE, or -1 with EXIT_SOME: a move failed, a signal came, or a host stays
 * above the limit only because of the checks.
 */
int rebalance_report(const struct rebalance *rebalance, struct err *err);

#endif
