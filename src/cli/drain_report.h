/* SPDX-License-Identifier: MIT */
/* drain_report: prints the result of `drain`, as text or with --json as one object. */
#ifndef CMIGRATE_DRAIN_REPORT_H
#define CMIGRATE_DRAIN_REPORT_H

#include "cmigrate/base/err.h"
#include "cmigrate/fleet/drain.h"

/* Reports a drain. EXIT_DONE, or -1 with EXIT_SOME and the names of what is left. */
int drain_report(const struct drain *drain, struct err *err);
/*
 * Reports a drain that was only planned. EXIT_DONE, or -1 with EXIT_SOME if a container would stay.
 */
int drain_report_plan(const struct drain *drain, struct err *err);

#endif
