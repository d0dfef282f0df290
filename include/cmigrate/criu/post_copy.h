/* SPDX-License-Identifier: MIT */
/*
 * post_copy: memory that follows a container which already runs on the destination.
 *
 * `runc checkpoint --lazy-pages` dumps everything but the memory. CRIU then asks our gate as usual,
 * but serves pages whatever the reply is. The reply is always "close". So CRIU releases the
 * source's processes alive, whatever happens to the pages, a connection or a host; they were paused
 * before, so they stay frozen (measured with criu 4.2; criu/cr-dump.c, cr_dump_finish()). Only
 * cmigrate ends them, when the destination has all their memory, or resumes them, when the
 * destination's copy is surely gone.
 *
 * On the destination `criu lazy-pages` (src/agent/memory/fetch_keeper.c) fetches pages, those that
 * are touched first. If it fails, the copy there is killed at once, because missing memory would
 * read as zeros.
 */
#ifndef CMIGRATE_PAGES_H
#define CMIGRATE_PAGES_H

#include "cmigrate/base/page_port.h"
#include "cmigrate/criu/runtime.h"
#include "cmigrate/host/host.h"
#include "cmigrate/host/tunnel.h"

/* The page server of one move: on the source in post-copy, on the destination with direct
 * transport. server and client belong to the move. */
struct page_server {
	char *server; /* address of its host that the other host can reach */
	char *client; /* address of the other host as the server sees it */
	unsigned port;
	const char *tag; /* handover_tag() */
	/* Memory goes through a tunnel (tunnel.h): server is the loopback, and the port the
	 * source's. */
	bool tunnel;
};

/*
 * Instead of page_server_admit(): opens a tunnel between the two hosts. Before the dump, and before
 * anything is to fetch or receive memory. direct: the page server is on the destination. pages has
 * another port afterwards, if that one was taken. The caller closes the tunnel.
 */
int page_server_open_tunnel(struct page_server *page_server, const struct runtime *source,
			    const struct runtime *destination, bool direct, struct tunnel *ret,
			    struct err *err);
/*
 * On its host, before the dump: nobody but the other one reaches the port, and no other move gets
 * it. pages has another port afterwards, if that one was taken.
 */
int page_server_admit(struct page_server *page_server, const struct runtime *server,
		      struct err *err);
/*
 * On the destination, when it is prepared: what will fetch memory, from that page server or,
 * without one (NULL), from the images that are there. parent_pass: the last pass that belongs to
 * them, 0: none. It ends with the work directory. post_copy_fetch_go(), once the page server is
 * ready or the images are complete, lets it begin; n_images: how many the source has written to the
 * shared directory, 0: not known. A restore may go on when the other job, that waits for its
 * socket, is done.
 */
int post_copy_fetch_start(const struct page_server *page_server, const struct runtime *destination,
			  unsigned parent_pass, struct job *job, struct err *err);
int post_copy_fetch_go(const struct runtime *destination, int n_images, struct err *err);
int post_copy_socket_start(const struct runtime *destination, struct job *job, struct err *err);
/* Starts a job that is done when the copy has all its memory, and fails when that has become
 * impossible. */
int post_copy_fetched_start(const struct runtime *destination, int timeout_ms, struct job *job,
			    struct err *err);
/* Bytes that the page server has sent so far; 0 if unknown. */
uint64_t page_server_sent(const struct page_server *page_server, const struct runtime *source);
/* Whether the source's kernel still has a socket of the page server: data that program has sent may
 * arrive after its end. True if unknown; false for a fenced source (host.h). */
bool post_copy_may_come(const struct page_server *page_server, const struct runtime *source);
/*
 * Ends the connection to a page server whose memory can't arrive any more, and waits a moment until
 * the program that fetches it has ended, and the copy with it. Nothing else would do this: a source
 * that lost power closes no connection, and without packets on their way to it the destination's
 * kernel never notices.
 */
int post_copy_cut(const struct page_server *page_server, const struct runtime *destination,
		  struct err *err);
/* Ends the program that fetches or receives memory. Call it only if no copy needs that memory. */
int post_copy_end(const struct runtime *destination, struct err *err);
/* Makes a page server end that has no client, or a dead one. */
int page_server_nudge(const struct page_server *page_server, const struct runtime *source,
		      struct err *err);
/* Removes the rules of page_server_admit(), or ends the tunnel at that host. */
int page_server_clear(const struct page_server *page_server, const struct runtime *server,
		      struct err *err);

/* On the source, whichever end of the connection it is: from now on memory goes at so many bytes a
 * second at most, until the job is cancelled. It fails where the kernel can't do that. */
int page_server_pace_start(const struct page_server *page_server, const struct runtime *source,
			   unsigned long long bytes_second, struct job *job, struct err *err);

#endif
