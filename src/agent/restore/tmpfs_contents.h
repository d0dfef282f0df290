/* SPDX-License-Identifier: MIT */
/* tmpfs_contents: what is in a tmpfs, as a text that shows every change. */
#ifndef CMIGRATE_AGENT_TMPFS_CONTENTS_H
#define CMIGRATE_AGENT_TMPFS_CONTENTS_H

#include <stdbool.h>

#include "cmigrate/base/str.h"

/* A larger one is left to CRIU. */
#define TMPFS_FILES_MAX 200

/*
 * Adds a record for each file of the tmpfs of this descriptor (of its root). True if it can be
 * saved ahead: it is small and has only directories, links, device nodes and empty files. A file
 * with contents could be written through a mapping, which shows in no record.
 */
bool tmpfs_contents(int root, struct buf *to);

#endif
