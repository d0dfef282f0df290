/* SPDX-License-Identifier: MIT */
/*
 * endpoint: an endpoint's URL taken apart: where to ask, and which answer proves the service.
 *
 *	http://HOST[:PORT]/...[#status=LOW-HIGH&contains=TEXT]	(https alike)
 *	tcp://HOST:PORT[#send=TEXT&expect=TEXT]			("?" may stand for "#")
 *	redis://HOST[:PORT]					(PING, +PONG)
 *
 * The proof is in the fragment, which no client sends: it can't be taken for the service's own
 * query. Bytes of a TEXT may be written as %XX; "+" is a plus sign.
 */
#ifndef CMIGRATE_ENDPOINT_H
#define CMIGRATE_ENDPOINT_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"

struct endpoint_url {
	char *ask;	     /* the URL for libcurl: http or https, without the proof */
	bool stream;	     /* bytes over TCP, not HTTP */
	int lowest, highest; /* status codes that prove an http service */
	struct buf send;     /* for a stream, after connecting; may be empty */
	struct buf expect;   /* must be in the reply or the page; empty: anything will do */
	const char *also;    /* other bytes that prove it as well, or NULL */
};

/*
 * Takes a URL apart. *ret is zeroed by the caller, and cleared with endpoint_url_clear() by it in
 * any case. Returns 0, or -1 (EXIT_USAGE); the message names the bad part.
 */
int endpoint_url_parse(const char *url, struct endpoint_url *ret, struct err *err);
void endpoint_url_clear(struct endpoint_url *e);
#define CLEANUP_ENDPOINT_URL __attribute__((cleanup(endpoint_url_clear)))

/* True if the bytes prove the service: expect or also is in them, or nothing is expected. */
bool endpoint_url_proves(const struct endpoint_url *e, const struct buf *bytes);

#endif
