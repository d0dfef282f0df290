/* SPDX-License-Identifier: MIT */
/*
 * state_file: the directory on the shared file system in which moves keep small files beside a
 * container's bundle (paths.h: path_state()). No symbolic link is followed there.
 */
#ifndef CMIGRATE_AGENT_STATE_FILE_H
#define CMIGRATE_AGENT_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/request/request.h"

/* Opens the directory; with `create` it is made first, 0700, but not what is above it. -1 with
 * errno. */
int state_dir_open(const char *dir, bool create);
/* Opens a regular file in it, as openat(2). -1 with errno. */
int state_file_open(int dir, const char *file, int flags);
/* 0, or -1 with errno. */
int write_whole(int fd, const char *text, size_t len);
/* Adds the rest of a file, at most max bytes. -1 with errno. */
int read_rest(int fd, size_t max, struct buf *ret);
/* A message about a file of the directory, from errno, with a remedy. what: "", or "can't lock ".
 * Returns 1. */
int state_file_fail(struct request *req, const char *what, const char *dir, const char *file);

#endif
