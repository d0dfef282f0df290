/* SPDX-License-Identifier: MIT */
/* gate_keeper: the agent for a key that may do cmigrate's work below one bundle root alone. */
#ifndef CMIGRATE_GATE_KEEPER_H
#define CMIGRATE_GATE_KEEPER_H

#include "cmigrate/base/err.h"

/*
 * Becomes the agent: this process executes it, and it serves the controller on stdin and stdout.
 * Requests about other bundles are refused, as is everything that is no request, and logged
 * (syslog, authpriv). Returns only on failure, -1 with EXIT_FAILED.
 */
int gate_keeper_serve(const char *bundle_root, struct err *err);

#endif
