/* SPDX-License-Identifier: MIT */
/*
 * batch_wish: lets another process stop a command that makes many moves, by two small files in
 * ROOT/.cmigrate-BATCH on the shared directory. Moves that are under way are not touched.
 */
#ifndef CMIGRATE_BATCH_WISH_H
#define CMIGRATE_BATCH_WISH_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/host/config.h"

#define BATCH_REBALANCE "rebalance"
/* "drain-HOST"; owned by the caller. */
char *batch_of_drain(const char *host);

struct batch_ear;

/*
 * Starts to listen for wishes to a batch, by a host that has the shared directory. NULL if it can't
 * be connected to: then nobody can stop the batch but by a signal. Ends with batch_ear_close(),
 * which removes the files.
 */
struct batch_ear *batch_ear_open(const struct config *config, const char *host, const char *batch,
				 const struct events *events);
/* Whether the batch is to begin no further move. Doesn't wait. Once true, it stays true. NULL:
 * false. */
bool batch_ear_hears(struct batch_ear *ear);
void batch_ear_close(struct batch_ear *ear);
#define CLEANUP_EAR __attribute__((cleanup(batch_ear_close_p)))
void batch_ear_close_p(struct batch_ear **ear);

/*
 * Has a batch of another process begin no further move, and waits until that knows. first: the host
 * through which it listens, most likely, or NULL. EXIT_REFUSED: no such batch answers. EXIT_USAGE:
 * the configuration doesn't have the host.
 */
int batch_wish_abort(const struct config *config, const char *batch, const char *first,
		     const struct events *events, struct err *err);

#endif
