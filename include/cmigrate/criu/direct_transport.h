/* SPDX-License-Identifier: MIT */
/*
 * direct_transport: memory that goes straight to the destination during the dump, past the shared
 * directory. A `criu page-server` there (src/agent/memory/receive_keeper.c) writes it into the work
 * directory, on a tmpfs. Only the small images are on the shared directory.
 *
 * If the page server or the connection to it fails, CRIU's dump fails and leaves the processes
 * alive. The dump reaches its gate when the page server has confirmed that it has everything
 * (measured with criu 4.2; criu/page-xfer.c, disconnect_from_page_server()). The page server's
 * files are whole when it has ended with status 0, so its end is waited for too.
 *
 * Order: page_server_admit() on the destination, runtime_prepare_start() as "sender" and
 * "receiver"; for each pass and for the dump direct_transport_start(),
 * direct_transport_listens_start(), the dump, the end of the first job; direct_transport_gather(),
 * and the restore. To undo: direct_transport_cut(), post_copy_end() on the destination,
 * page_server_clear().
 */
#ifndef CMIGRATE_RECEIVE_H
#define CMIGRATE_RECEIVE_H

#include "cmigrate/criu/post_copy.h"
#include "cmigrate/criu/runtime.h"

#define DIRECT_DUMP 0 /* the number that stands for the dump instead of a pass */

/*
 * Starts a page server for a pass of pre-copy, or for the dump; parent_pass: the pass it builds on,
 * 0: none. The job is done when its client has sent everything and all of it is whole; its output
 * is the number of bytes. It may end in the same way after a dump that failed. The page server
 * outlives the controller; it ends with its client, at its deadline or by post_copy_end().
 */
int direct_transport_start(const struct page_server *page_server, const struct runtime *destination,
			   unsigned pass, unsigned parent_pass, int timeout_ms, struct job *job,
			   struct err *err);
/* Starts a job that is done when the page server listens. */
int direct_transport_listens_start(const struct runtime *destination, struct job *job,
				   struct err *err);
/* Special numbers of images for direct_transport_gather(). */
#define DIRECT_NONE 0	/* only the image that runc reads before criu starts */
#define DIRECT_ALL (-1) /* the number is no longer known */
/*
 * Puts the n images of the shared directory beside the memory. It fails if another number is
 * visible, because CRIU takes a missing image for an empty one. parent_pass: the place is that of a
 * lazy restore after pre-copy (src/agent/memory/flat_images.h); 0: beside the memory.
 */
int direct_transport_gather(const struct runtime *destination, int n, unsigned parent_pass,
			    struct err *err);
/* On the source: ends the connection of a dump or pass that is to fail, and waits a moment for its
 * end. Succeeds if there is none. */
int direct_transport_cut(const struct page_server *page_server, const struct runtime *source,
			 struct err *err);

#endif
