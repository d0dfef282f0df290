/* SPDX-License-Identifier: MIT */
/* work_dir: the work directory RUN of a move (paths.h) and the files in it. */
#ifndef CMIGRATE_AGENT_WORK_DIR_H
#define CMIGRATE_AGENT_WORK_DIR_H

#include <stdbool.h>

#include "agent/request/request.h"

/* Makes it, and the directory above it. 1 with a message if it exists already, or can't be made.
 * may_have_pages: one that contains nothing but "pages" is fine too. */
int work_dir_make(struct request *req, bool may_have_pages);
/* Makes a file there, anew. 1 with a message. */
int work_dir_write(struct request *req, const char *file, const char *text);
/* The start of a file there, as text of at most max bytes; NULL if it can't be read. The caller's.
 */
char *work_dir_read(const struct request *req, const char *file, size_t max);
bool work_dir_has(const struct request *req, const char *file);
/* Makes a second name for a file there, which needs no room on a /run that is full. Fine if there
 * is one already. -1 with errno. */
int work_dir_link(const struct request *req, const char *file, const char *name);
/* Removes a file there; fine if there is none. -1 with errno. */
int work_dir_remove(const struct request *req, const char *file);
/* Whether it has nothing but this file. */
bool work_dir_has_only(const struct request *req, const char *file);

#endif
