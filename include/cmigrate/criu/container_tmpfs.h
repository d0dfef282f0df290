/* SPDX-License-Identifier: MIT */
/*
 * tmpfs: the small tmpfs of a container (/dev, /dev/shm, /run...), which CRIU would archive and
 * unpack one after the other while it is frozen. They are saved before the freeze and made by what
 * restores (src/scripts/tmpfs.sh, restore.sh); in the freeze it is only looked whether they are
 * still the same.
 *
 * Order: tmpfs_save() before the dump is started; where that saved something tmpfs_same_start()
 * when the container is frozen, and tmpfs_refill() where that found a change and a restore is
 * parked, before that goes on.
 */
#ifndef CMIGRATE_TMPFS_H
#define CMIGRATE_TMPFS_H

#include <stdbool.h>

#include "cmigrate/criu/runtime.h"

/*
 * On the source, whose images directory is there. Where nothing can be saved CRIU does it all,
 * and that is no error: saved is false then. What it makes goes with work directory and images.
 */
int tmpfs_save(const struct runtime *rt, bool *saved, struct err *err);
/*
 * Where something was saved: images without its end are not complete (src/scripts/images.sh). It
 * writes to the directory that the dump fills: for timeout_ms it may take as long as that.
 */
int tmpfs_same_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err);
/* Of that job, done. */
bool tmpfs_changed(const struct job *same);
/* On the destination. */
int tmpfs_refill(const struct runtime *rt, struct err *err);

#endif
