/* SPDX-License-Identifier: MIT */
/*
 * atomic_file: writes a result to a file as a whole or not at all.
 */
#ifndef CMIGRATE_OUTPUT_H
#define CMIGRATE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"

/*
 * Writes a file of mode 0644: first a temporary file beside it, then fsync(2), then the name. A
 * reader never sees half of it. On failure the earlier file is unchanged and the temporary file is
 * gone. An existing file is an error unless replace is set; a symbolic link keeps pointing to the
 * file that is replaced. A path that is no regular file (/dev/stdout, a pipe) is written to, never
 * replaced. Returns 0, or -1 with EXIT_FAILED.
 */
int atomic_file_write(const char *path, const char *data, size_t len, bool replace,
		      struct err *err);

/* Writes all of data to a descriptor; messages call it `name`. */
int fd_write_all(int fd, const char *name, const char *data, size_t len, struct err *err);

#endif
