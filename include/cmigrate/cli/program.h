/* SPDX-License-Identifier: MIT */
/* program: all of cmigrate but main(), so that tests can call it without a process of its own. */
#ifndef CMIGRATE_PROGRAM_H
#define CMIGRATE_PROGRAM_H

/*
 * Runs one command line and returns the exit code. Results go to stdout, all else to stderr; both
 * are flushed. argv is read only. Ignores SIGPIPE, opens closed standard descriptors and adds the
 * system's directories to PATH: a second call finds them so and changes nothing. Nothing else of
 * one call is seen by the next, unless a signal has cancelled a move.
 */
int program_run(int argc, char **argv);

#endif
