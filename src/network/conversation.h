/* SPDX-License-Identifier: MIT */
/*
 * conversation: a few bytes to a service over a connection, and its reply. The kernel accepts a
 * connection for a service that doesn't run; only the service replies.
 */
#ifndef CMIGRATE_CONVERSATION_H
#define CMIGRATE_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/endpoint.h"

struct conversation {
	int fd; /* does not block; stays its owner's */
	size_t sent;
	int64_t begun_us, heard_us; /* heard: the latest bytes of the reply, 0 without any */
};

enum said { SAID_NOTHING_YET, SAID_PROOF, SAID_SOMETHING_ELSE };

/* Begins; sends nothing yet. */
void conversation_begin(struct conversation *c, int fd, int64_t now);
/* True until all is sent: the owner waits for POLLOUT too. */
bool conversation_sends(const struct conversation *c, const struct endpoint_url *url);
/*
 * Sends and receives what can be now, without waiting. Adds to reply, at most 64 KiB in all. After
 * SAID_SOMETHING_ELSE, why (of size bytes) has the reason, and the connection is of no more use.
 * Call it again when the socket is ready, and every 50 ms.
 */
enum said conversation_go_on(struct conversation *c, const struct endpoint_url *url, int64_t now,
			     struct buf *reply, char *why, size_t size);

#endif
