/* SPDX-License-Identifier: MIT */
/*
 * criu_image: image files of CRIU, read and written: two magic numbers, then messages in the
 * encoding of protobuf (numbers of the fields: images/ of CRIU), each after its length. All numbers
 * are little endian, as on every machine that CRIU runs on under runc.
 */
#ifndef CMIGRATE_AGENT_CRIU_IMAGE_H
#define CMIGRATE_AGENT_CRIU_IMAGE_H

#include <stdint.h>

#include "agent/request/request.h"

struct criu_image {
	char *text; /* the whole file */
	size_t len, at;
};
#define CLEANUP_CRIU_IMAGE __attribute__((cleanup(criu_image_clear)))

struct criu_message {
	const unsigned char *at, *end;
};

struct criu_field {
	unsigned number;
	uint64_t value;		   /* of a number */
	struct criu_message inner; /* of a message or text */
};

/* Reads an image of a directory; 0, or 1 with a message. */
int criu_image_read(struct request *req, int dir, const char *name, struct criu_image *ret);
void criu_image_clear(struct criu_image *image);
/* The next message. False: there is none, or the rest is no message (criu_image_at_end()). */
bool criu_image_next(struct criu_image *image, struct criu_message *ret);
bool criu_image_at_end(const struct criu_image *image);
/* The next field of a message. False: there is none, or the rest is no field. */
bool criu_message_next(struct criu_message *message, struct criu_field *ret);

/* Adds a number to a message. */
void criu_message_put(struct buf *message, unsigned number, uint64_t value);
/* Adds a message to an image, whose magic numbers are there. */
void criu_image_add(struct buf *image, const struct buf *message);

#endif
