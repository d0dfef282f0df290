/* SPDX-License-Identifier: MIT */
/* checkpoints: what `list --checkpoints` prints. */
#ifndef CMIGRATE_CHECKPOINTS_H
#define CMIGRATE_CHECKPOINTS_H

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/cli/cmd.h"

/* Prints the generations of these containers, or of all if there are no names. */
int checkpoints_report(const struct app *app, const struct argv *names, struct err *err);

#endif
