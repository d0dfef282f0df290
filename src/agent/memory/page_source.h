/* SPDX-License-Identifier: MIT */
/*
 * page_source: serves pages of flat images to `criu lazy-pages`, as a page server of CRIU does that
 * lies on the other end of a socket (--ps-socket; criu/page-xfer.c).
 */
#ifndef CMIGRATE_AGENT_PAGE_SOURCE_H
#define CMIGRATE_AGENT_PAGE_SOURCE_H

#include "flat_images.h"

struct page_source {
	int fd;	    /* our end; -1: there is no client any more */
	int client; /* that of criu, which inherits it; -1: it has it */
	bool wide;  /* criu from 4.2 on sends longer requests */
	bool asked; /* by its first request that is known */
	struct flat_images images;
};

/* Makes the socket. -1 with errno. */
int page_source_open(struct page_source *source);
/* Call it when criu has started. */
void page_source_leave_client(struct page_source *source);
/* Answers what criu asks, for ms. False: it asks nothing more, or can't be served. */
bool page_source_serve(struct page_source *source, int ms);
void page_source_close(struct page_source *source);

#endif
