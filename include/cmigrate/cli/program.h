/* SPDX-License-Identifier: MIT */
/* program: all of cmigrate except main(), so that tests can call it in their own process. */
#ifndef CMIGRATE_PROGRAM_H
#define CMIGRATE_PROGRAM_H

/*
 * Runs one command line and returns the exit code. Results go to stdout, everything else to stderr;
 * both are flushed. argv is only read. Ignores SIGPIPE, opens closed standard descriptors and adds
 * the system's directories to PATH; a second call changes nothing of that. One call leaves nothing
 * else to the next, unless a signal has cancelled a move.
 */
int program_run(int argc, char **argv);

#endif
