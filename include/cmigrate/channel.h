/* SPDX-License-Identifier: MIT */
/* channel: one sh at the other end of ssh that reads commands and says when each has ended. */
#ifndef CMIGRATE_CHANNEL_H
#define CMIGRATE_CHANNEL_H

#include <stdbool.h>

#include "cmigrate/host.h"

struct channel {
	struct proc ssh;
	bool busy;
	bool dead; /* the connection ended; what ssh said about it is in err */
	struct buf in, out, err;
	struct channel *next;
};

#define CHANNEL_NONCE_SIZE 33

/* What no output can know: it tells our own words from what a login prints. */
void channel_nonce(char nonce[CHANNEL_NONCE_SIZE]);
/* Starts `ssh ... sh`; returns at once, a connection that fails shows as dead later. */
struct channel *channel_open(struct host *host, struct err *err);
/*
 * Adds one command to what the channel's sh reads: the quoted words, redirections, and two lines
 * that mark the end, on stdout (with the exit code) and stderr. nonce: what the marks carry, so
 * that no output can be taken for one.
 */
void channel_command(struct channel *ch, const struct command *cmd, const char *nonce);
/*
 * Adds the line that lets a command take the place of the channel's sh: it has the channel's stdin
 * and says itself when it ends.
 */
void channel_exec(struct buf *line, char *const *argv);
/* Looks for both marks; true when the command has ended. Cuts them and the output out of ch. */
bool channel_result(struct channel *ch, const char *nonce, struct buf *out, struct buf *err,
		    int *ret_status);
/* Ends ssh and frees. The sh on the host ends with its stdin. */
void channel_close(struct channel *ch);

#endif
