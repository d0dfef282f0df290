/* SPDX-License-Identifier: MIT */
/* ssh_channel: an sh at the other end of ssh that reads commands and reports the end of each. */
#ifndef CMIGRATE_CHANNEL_H
#define CMIGRATE_CHANNEL_H

#include <stdbool.h>

#include "cmigrate/host/host.h"

struct channel {
	struct proc ssh;
	bool busy;
	bool answered;
	bool dead; /* the connection ended; err has the message of ssh */
	struct buf in, out, err;
	struct buf first;   /* the first input, kept until the first reply */
	int64_t again_us;   /* the next try of ssh, or 0 */
	int64_t give_up_us; /* the end of all tries; 0 before the first */
	int tries;
	struct channel *next;
};

#define CHANNEL_NONCE_SIZE 33

/* A random word that no output can contain. It separates our own lines from the output of a
 * login. */
void channel_nonce(char nonce[CHANNEL_NONCE_SIZE]);
/* Starts `ssh ... sh` and returns at once. A failed connection shows later as dead. */
struct channel *channel_open(struct host *host, struct err *err);
/*
 * Adds one command as the channel's sh reads it: the quoted words, redirections, and two lines that
 * mark the end, on stdout (with the exit code) and stderr. The marks contain nonce, so no output
 * can be mistaken for one.
 */
void channel_command(struct buf *line, const struct command *cmd, const char *nonce);
/* Puts a command on an idle channel. The caller writes it, from ch->in. */
void channel_ask(struct channel *ch, const struct command *cmd, const char *nonce);
/*
 * Adds the line that replaces the channel's sh by a command, which then owns the channel's stdin
 * and reports its end itself.
 */
void channel_exec(struct buf *line, char *const *argv);
/* Looks for both marks; true once the command has ended. Moves the output out of ch and drops the
 * marks. */
bool channel_result(struct channel *ch, const char *nonce, struct buf *out, struct buf *err,
		    int *ret_status);
/*
 * Whether to start ssh again after it was turned away. sshd hangs up before its version string if
 * too many logins are under way (MaxStartups in sshd_config(5): from ten on, some of them), so no
 * command has reached it. The next ssh starts at ch->again_us, which this sets if it is 0, for some
 * seconds at most. False: ch->err has the final message.
 */
bool channel_reconnects(struct channel *ch, const struct host *host);
/* Ends ssh and frees. The sh on the host ends when its stdin closes. */
void channel_close(struct channel *ch);

#endif
