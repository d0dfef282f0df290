/* SPDX-License-Identifier: MIT */
/* text_file: small files as a whole, of /proc, /etc and the shared directory. */
#ifndef CMIGRATE_AGENT_TEXT_FILE_H
#define CMIGRATE_AGENT_TEXT_FILE_H

#include <stddef.h>

#include "cmigrate/base/str.h"

/* The first max bytes of a file; NULL with errno if it can't be read. Owned by the caller. ret_len
 * may be NULL. */
char *text_file_read(const char *path, size_t max, size_t *ret_len);
/* The same below a directory, where a symbolic link is refused. */
char *text_file_read_at(int dir, const char *file, size_t max, size_t *ret_len);
/* The rest of the first line that begins with a word, without blanks around it; "" if there is
 * none. Owned by the caller. */
char *text_file_field(const char *path, const char *word);
/* Makes or replaces a file of mode 0600, in place. -1 with errno. */
int text_file_write(const char *path, const struct buf *text);
/* Adds to its end; makes it if it isn't there. -1 with errno. */
int text_file_append(const char *path, const struct buf *text);

#endif
