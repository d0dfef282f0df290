/* SPDX-License-Identifier: MIT */
/*
 * pages: memory that follows a container which runs on the destination already (post-copy).
 *
 * `runc checkpoint --lazy-pages` dumps all but the memory. CRIU then asks our gate, as ever, but
 * serves pages whatever the answer is. The answer is always "close": so whatever becomes of the
 * pages, of a connection or of a host, CRIU lets go of the source's processes alive, and since they
 * were paused before, they stay frozen (measured with criu 4.2; criu/cr-dump.c, cr_dump_finish()).
 * Nothing but cmigrate ends them, when the destination has all their memory, or lets them go on,
 * when the destination's copy is surely gone.
 *
 * On the destination `criu lazy-pages` (src/scripts/pages.sh) fetches pages, those first that are
 * touched. If it fails the copy there is killed at once, for what is missing would read as zeros.
 */
#ifndef CMIGRATE_PAGES_H
#define CMIGRATE_PAGES_H

#include "cmigrate/criu/runtime.h"
#include "cmigrate/host/host.h"

/* Ports of page servers: below the ephemeral ones. The first choice is one of PAGE_PORTS;
 * pages_admit() may take one of as many after it. */
#define PAGE_PORT_FIRST 27000
#define PAGE_PORTS 2000

/* The page server of one move: on the source in post-copy, on the destination with direct
 * transport. server, client and endpoint are the move's own. */
struct pages {
	char *server;	/* its host's address that the other one reaches */
	char *client;	/* address of the other one as it sees it */
	char *endpoint; /* server and port as one word */
	unsigned port;
	const char *tag; /* net_tag() */
};

void pages_set_port(struct pages *pages, unsigned port);
/*
 * On its host, before the dump: nobody but the other one reaches the port, and no other move gets
 * it. pages has another port afterwards, if that one was taken.
 */
int pages_admit(struct pages *pages, const struct runtime *server, struct err *err);
/* On the destination, once the page server is ready: what fetches memory; a restore may go on when
 * the other job, that waits for its socket, is done. */
int pages_fetch_start(const struct pages *pages, const struct runtime *destination, int timeout_ms,
		      struct job *job, struct err *err);
int pages_socket_start(const struct runtime *destination, struct job *job, struct err *err);
/* Starts what is done when the copy has all its memory, and fails when that can't be any more. */
int pages_drain_start(const struct runtime *destination, int timeout_ms, struct job *job,
		      struct err *err);
/* Bytes that the page server has sent so far; 0 where that can't be told. */
uint64_t pages_sent(const struct pages *pages, const struct runtime *source);
/* Whether the source's kernel has a socket of the page server still: what that program has sent
 * comes also when it has ended. True where that can't be told; false of a fenced source (host.h).
 */
bool pages_may_come(const struct pages *pages, const struct runtime *source);
/*
 * Ends the connection with a page server whose memory can't come any more, and waits a moment until
 * what fetches it has ended, and the copy with it. Nobody else would: a source that lost its power
 * closes no connection, and where nothing is on its way to it the destination's kernel never
 * learns.
 */
int pages_cut(const struct pages *pages, const struct runtime *destination, struct err *err);
/* Ends what fetches or receives memory; only without a copy that needs it. */
int pages_end(const struct runtime *destination, struct err *err);
/* Lets a page server that has no client, or a dead one, end. */
int pages_nudge(const struct pages *pages, const struct runtime *source, struct err *err);
/* Takes the rules of pages_admit() away. */
int pages_clear(const struct pages *pages, const struct runtime *server, struct err *err);

#endif
