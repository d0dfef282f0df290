/* SPDX-License-Identifier: MIT */
/*
 * receive: memory that goes straight to the destination while it is dumped, past the shared
 * directory: a `criu page-server` there (src/scripts/receive.sh) writes it into the work directory,
 * on a tmpfs. Only the small images are on the shared directory.
 *
 * CRIU's dump fails where the page server or the way to it does, and lets go of the processes
 * alive; it reaches its gate when the page server has said that it has everything (measured with
 * criu 4.2; criu/page-xfer.c, disconnect_from_page_server()). The page server's files are whole
 * when it has ended with status 0, so that is waited for too.
 *
 * Order: pages_admit() on the destination, runtime_prepare_start() as "sender" and "receiver"; for
 * each pass and for the dump receive_start(), receive_listens_start(), the dump, the end of the
 * first job; receive_gather(), and the restore. On the way back receive_cut(), pages_end() on the
 * destination, pages_clear().
 */
#ifndef CMIGRATE_RECEIVE_H
#define CMIGRATE_RECEIVE_H

#include "cmigrate/criu/post_copy.h"
#include "cmigrate/criu/runtime.h"

#define RECEIVE_DUMP 0 /* as number of a pass */

/*
 * Starts a page server for a pass of pre-copy, or for the dump; parent_pass: what it builds on, 0:
 * nothing. Done when its client has sent all that it had, and that is whole; its output is how many
 * bytes it was. A dump that failed may end so too. It lives on when the
 * controller is gone, and ends with its client, at its deadline or by pages_end().
 */
int receive_start(const struct pages *pages, const struct runtime *destination, unsigned pass,
		  unsigned parent_pass, int timeout_ms, struct job *job, struct err *err);
/* Starts what is done when it listens. */
int receive_listens_start(const struct runtime *destination, struct job *job, struct err *err);
/* What receive_gather() is to find. */
#define RECEIVE_NONE 0	 /* nothing yet but what runc reads before criu starts */
#define RECEIVE_ALL (-1) /* nobody can say any more how many they are */
/*
 * Puts the images of the shared directory beside the memory, n of them: an image that CRIU does not
 * find counts as empty. Fails where another number is to be seen.
 */
int receive_gather(const struct runtime *destination, int n, struct err *err);
/* On the source: ends the connection of a dump or pass that is to fail, and waits a moment for its
 * end. Fine where there is none. */
int receive_cut(const struct pages *pages, const struct runtime *source, struct err *err);

#endif
