/* SPDX-License-Identifier: MIT */
/*
 * gate_keeper: takes the place of the sh at the far end of a channel and runs only commands that
 * allow.h accepts. No shell reads text of the other side: words are executed as they are, and a
 * script is run from this program's own copy.
 */
#ifndef CMIGRATE_GATE_KEEPER_H
#define CMIGRATE_GATE_KEEPER_H

#include <stdbool.h>

#include "cmigrate/base/err.h"

/*
 * Checks the command that ssh was given ($SSH_ORIGINAL_COMMAND) and puts its assignments into the
 * environment. *ret_again: they include a move's tag, which isn't in /proc/self/environ yet, where
 * fence.sh looks for it; the caller must execute itself again. EXIT_REFUSED: another command.
 */
int gate_keeper_open(const char *bundle_root, bool *ret_again, struct err *err);
/*
 * Reads commands from stdin until it ends. An allowed command has its output on stdout and stderr,
 * followed by the marks of ssh_channel.h. A refused one ends with status 126 and a line on stderr
 * and in the system's log. A text that can't be read as a command ends everything: EXIT_REFUSED.
 */
int gate_keeper_serve(const char *bundle_root, struct err *err);

#endif
