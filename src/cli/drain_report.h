/* SPDX-License-Identifier: MIT */
/* drain_report: what `drain` says in the end, as text or with --json as one object. */
#ifndef CMIGRATE_DRAIN_REPORT_H
#define CMIGRATE_DRAIN_REPORT_H

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/drain.h"

/* Of a drain that was made. EXIT_DONE, or -1 with EXIT_SOME and what is left there by name. */
int drain_report(const struct drain *drain, struct err *err);
/* Of one that was only planned. EXIT_DONE, or -1 with EXIT_SOME where something would stay. */
int drain_report_plan(const struct drain *drain, struct err *err);

#endif
