/* SPDX-License-Identifier: MIT */
/* local: what this machine alone knows of a container, for programs that watch over it. */
#ifndef CMIGRATE_LOCAL_H
#define CMIGRATE_LOCAL_H

#include "cmigrate/base/err.h"
#include "cmigrate/cli/cmd.h"

/*
 * Prints the container's state on this machine. No other host is asked, and nothing is looked up in
 * the shared directory or by DNS. Returns EXIT_DONE if the container is here, frozen by a move or
 * not; EXIT_REFUSED if it isn't, or has stopped; EXIT_BUSY if a move or restore has made a copy
 * here that it may still undo. -1: this machine can't tell.
 */
int local_report(const struct app *app, const char *name, struct err *err);

#endif
