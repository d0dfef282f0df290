/* SPDX-License-Identifier: MIT */
/* remote_path: whether a host has a bundle or a checkpoint, and the size of that. */
#ifndef CMIGRATE_PATH_H
#define CMIGRATE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/host.h"

enum path_part {
	PATH_BUNDLE,	 /* BUNDLE_ROOT/CONTAINER */
	PATH_CHECKPOINT, /* images of a checkpoint in it */
};

/* 0, and *ret tells whether the host has the bundle's directory; with container NULL, the bundle
 * root. -1 if the host can't tell. */
int path_is_directory(struct host *host, const char *container, bool *ret, struct err *err);
/* As path_is_directory(), for a file of any type. */
int path_exists(struct host *host, const char *container, enum path_part part, bool *ret,
		struct err *err);
/* Its size on disk in bytes, with everything below it. */
int path_bytes(struct host *host, const char *container, enum path_part part, uint64_t *ret,
	       struct err *err);

#endif
