/* SPDX-License-Identifier: MIT */
/* rebalance_report: what `rebalance` says of its plan and of its moves, as text or with --json. */
#ifndef CMIGRATE_REBALANCE_REPORT_H
#define CMIGRATE_REBALANCE_REPORT_H

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/rebalance.h"

/* The plan: moves, loads before and after, and what the checks passed over. */
void rebalance_report_plan(const struct rebalance *rebalance);
/*
 * Of the moves. EXIT_DONE, or -1 with EXIT_SOME: one failed, a signal came, or a host stays above
 * the limit for the checks' sake alone.
 */
int rebalance_report(const struct rebalance *rebalance, struct err *err);

#endif
