/* SPDX-License-Identifier: MIT */
/*
 * container_tmpfs: the small tmpfs of a container (/dev, /dev/shm, /run...), which CRIU would
 * archive and unpack one after the other while it is frozen. They are saved before the freeze and
 * made by the restore (src/agent/restore/tmpfs.c, restore_tmpfs.h). In the freeze they are only
 * compared with what was saved.
 *
 * Order: tmpfs_save() before the dump starts. If it saved something, tmpfs_same_start() when the
 * container is frozen. If that finds a change and a restore is parked, tmpfs_refill() before the
 * restore goes on.
 */
#ifndef CMIGRATE_TMPFS_H
#define CMIGRATE_TMPFS_H

#include <stdbool.h>

#include "cmigrate/criu/runtime.h"

/*
 * On the source, after the images directory was made. If nothing can be saved, CRIU does it all:
 * saved is false, and that is no error. The saved files are removed with work directory and images.
 */
int tmpfs_save(const struct runtime *rt, bool *saved, struct err *err);
/*
 * Call it whenever something was saved: without its result the images are not complete
 * (src/agent/shared/images.c). It writes to the directory that the dump fills and may take as long
 * as that, up to timeout_ms.
 */
int tmpfs_same_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err);
/* Whether that job, now done, found a change. */
bool tmpfs_changed(const struct job *same);
/* On the destination. */
int tmpfs_refill(const struct runtime *rt, struct err *err);

#endif
