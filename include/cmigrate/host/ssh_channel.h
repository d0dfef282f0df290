/* SPDX-License-Identifier: MIT */
/* channel: one sh at the other end of ssh that reads commands and says when each has ended. */
#ifndef CMIGRATE_CHANNEL_H
#define CMIGRATE_CHANNEL_H

#include <stdbool.h>

#include "cmigrate/host/host.h"

struct channel {
	struct proc ssh;
	bool busy;
	bool answered;
	bool dead; /* the connection ended; what ssh said about it is in err */
	struct buf in, out, err;
	struct buf first;   /* what was asked first, until that is answered */
	int64_t again_us;   /* when ssh is tried again, or 0 */
	int64_t give_up_us; /* no more tries behind it; 0 before the first */
	int tries;
	struct channel *next;
};

#define CHANNEL_NONCE_SIZE 33

/* What no output can know: it tells our own words from what a login prints. */
void channel_nonce(char nonce[CHANNEL_NONCE_SIZE]);
/* Starts `ssh ... sh`; returns at once, a connection that fails shows as dead later. */
struct channel *channel_open(struct host *host, struct err *err);
/*
 * Adds one command as the channel's sh reads it: the quoted words, redirections, and two lines
 * that mark the end, on stdout (with the exit code) and stderr. nonce: what the marks carry, so
 * that no output can be taken for one.
 */
void channel_command(struct buf *line, const struct command *cmd, const char *nonce);
/* Asks for one on a channel that has nothing to do; it is written by the caller, from ch->in. */
void channel_ask(struct channel *ch, const struct command *cmd, const char *nonce);
/*
 * Adds the line that lets a command take the place of the channel's sh: it has the channel's stdin
 * and says itself when it ends.
 */
void channel_exec(struct buf *line, char *const *argv);
/* Looks for both marks; true when the command has ended. Cuts them and the output out of ch. */
bool channel_result(struct channel *ch, const char *nonce, struct buf *out, struct buf *err,
		    int *ret_status);
/*
 * Whether an ssh that has ended is to be tried again, for it was turned away: sshd hung up before
 * it said who it is, because too many logins are under way (MaxStartups in sshd_config(5): from ten
 * on some of them). It was asked for nothing then. Starts another at ch->again_us, which this sets
 * where it is 0, and for some seconds at most. False: what is said in ch->err stands.
 */
bool channel_reconnects(struct channel *ch, const struct host *host);
/* Ends ssh and frees. The sh on the host ends with its stdin. */
void channel_close(struct channel *ch);

#endif
