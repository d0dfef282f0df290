/* SPDX-License-Identifier: MIT */
/*
 * gate_keeper: stands in for the sh at the far end of a channel and runs what permit.h allows,
 * nothing else. No shell reads what the other side has written: words are executed as they are, and
 * of a script's text this program's own copy.
 */
#ifndef CMIGRATE_GATE_KEEPER_H
#define CMIGRATE_GATE_KEEPER_H

#include <stdbool.h>

#include "cmigrate/base/err.h"

/*
 * Looks at what ssh was asked for ($SSH_ORIGINAL_COMMAND) and puts its assignments into the
 * environment. *ret_again: the mark of a move was among them and isn't in /proc/self/environ yet,
 * where fence.sh looks for it: the caller executes itself anew. EXIT_REFUSED: another command.
 */
int gate_keeper_open(const char *bundle_root, bool *ret_again, struct err *err);
/*
 * Reads lines from stdin until it ends; what is allowed has its output on stdout and stderr, with
 * the marks of channel.h behind it. A command that is refused ends with status 126 and a line on
 * stderr and in the system's log. A text that can't be read as a command ends all: EXIT_REFUSED.
 */
int gate_keeper_serve(const char *bundle_root, struct err *err);

#endif
