/* SPDX-License-Identifier: MIT */
/* rehearse: `check --rehearse` and `move --rehearse`. */
#ifndef CMIGRATE_CLI_REHEARSE_H
#define CMIGRATE_CLI_REHEARSE_H

#include "cmigrate/cli/cmd.h"
#include "cmigrate/move/move.h"

/* Runs the rehearsal and reports it. Returns an exit code, or -1 with *err, as a verb does. */
int rehearse(struct app *app, const struct move_opts *opts, const struct argv *args,
	     struct err *err);

#endif
