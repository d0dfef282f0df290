/* SPDX-License-Identifier: MIT */
/*
 * beat: a thread that tells the agents every BEAT_MS that this controller lives, also while it
 * waits for something else: an endpoint, a hook.
 */
#ifndef CMIGRATE_HOST_BEAT_H
#define CMIGRATE_HOST_BEAT_H

#include <stdbool.h>

/* From now on beats are written to this descriptor, which doesn't block. */
void beat_start(int fd);
/* Not any more; call it before the descriptor is closed. Fine if it was never started. */
void beat_stop(int fd);
/* No beat is written between these: a frame is written in several parts. */
void beat_hold(void);
void beat_release(void);
/* While a frame has been written in part only, no beat goes there. */
void beat_busy(int fd, bool busy);

#endif
