/* SPDX-License-Identifier: MIT */
/* file_look: what tells whether a file here and one on another host are the same. */
#ifndef CMIGRATE_AGENT_FILE_LOOK_H
#define CMIGRATE_AGENT_FILE_LOOK_H

#include <stdbool.h>

#include "cmigrate/base/str.h"

/* A line of a program's build id, in digits; longer ones are cut. */
#define BUILD_ID_SIZE 129

/*
 * Looks at the file that a path leads to and adds "MODE SIZE SECONDS INODE BUILDID" in numbers,
 * MODE octal. INODE is 0 on a file system that only this host has, BUILDID is "-" if there is none,
 * INODE isn't 0, or with_id is false. False with errno: it can't be looked at.
 */
bool file_look(const char *path, bool with_id, struct buf *ret);

#endif
