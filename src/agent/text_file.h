/* SPDX-License-Identifier: MIT */
/* text_file: small files of a work directory or of images, read and written as a whole. */
#ifndef CMIGRATE_AGENT_TEXT_FILE_H
#define CMIGRATE_AGENT_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/str.h"

/* At most max bytes, terminated; NULL with errno if it can't be read. ret_len may be NULL. Owned by
 * the caller. */
char *text_file_read(const char *path, size_t max, size_t *ret_len);
/* Makes or replaces a file of mode 0600, in place. -1 with errno. */
int text_file_write(const char *path, const struct buf *text);
/* Adds to its end; makes it if it isn't there. -1 with errno. */
int text_file_append(const char *path, const struct buf *text);

#endif
