/* SPDX-License-Identifier: MIT */
/*
 * serve: the agent's connection with its controller, from hello to the end, and the threads that
 * serve its requests.
 *
 * When the connection ends, by whatever cause, nothing more is started: locks are released, the
 * programs that belong to no move end with the agent, and it exits. Dumps, restores and gates are
 * left as they are: it never undoes by itself.
 */
#ifndef CMIGRATE_AGENT_SERVE_H
#define CMIGRATE_AGENT_SERVE_H

/* The line before the agent's first frame: a login may have printed before it. */
#define SERVE_GREETING "cmigrate-agent hello\n"

/* in, out: descriptors of the connection. root: the one directory of bundles that requests may be
 * about; NULL: the controller says which. Returns the exit status of the agent. */
int serve(int in, int out, const char *root);
/* Makes sure that so many further requests find a thread waiting, so that none is made later. */
void serve_get_ready(unsigned n);

#endif
