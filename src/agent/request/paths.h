/* SPDX-License-Identifier: MIT */
/* paths: where the things of a request are; all derived from its fields. Owned by the caller. */
#ifndef CMIGRATE_AGENT_PATHS_H
#define CMIGRATE_AGENT_PATHS_H

#include "request.h"

/* ROOT/CONTAINER */
char *path_bundle(const struct request *req);
/* ROOT/CONTAINER/.cmigrate: what cmigrate keeps on the shared directory; with batch=NAME
 * ROOT/.cmigrate-NAME; without either ROOT/.cmigrate: what it keeps there of hosts. */
char *path_state(const struct request *req);
/* /run/cmigrate/CONTAINER: work directory of a move, on a tmpfs of the host */
char *path_run(const struct request *req);
/* A file there. */
char *path_in_run(const struct request *req, const char *file);
/* Images: of the move `id` below path_state(); with images=checkpoint ROOT/CONTAINER/checkpoint;
 * with images=at-ID ROOT/CONTAINER/checkpoints/ID, a generation, and with images=new-ID
 * checkpoints/.ID, one that is being written. */
char *path_images(const struct request *req);
char *path_in_images(const struct request *req, const char *file);

#endif
