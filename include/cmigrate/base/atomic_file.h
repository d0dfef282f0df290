/* SPDX-License-Identifier: MIT */
/*
 * output: a result that becomes a file whole or not at all.
 */
#ifndef CMIGRATE_OUTPUT_H
#define CMIGRATE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"

/*
 * Writes a file of mode 0644: into a temporary file beside it, to the disk, then under its name.
 * Nobody sees half of it, and on failure what was there is there still and nothing is left behind.
 * An existing file is an error unless replace is set; a symbolic link keeps pointing to the file
 * that is replaced. What is no file (/dev/stdout, a pipe) is written to, never replaced.
 * Returns 0, or -1 with EXIT_FAILED.
 */
int output_file(const char *path, const char *data, size_t len, bool replace, struct err *err);

/* Writes all of it to a descriptor; `name` is what messages call it. */
int output_fd(int fd, const char *name, const char *data, size_t len, struct err *err);

#endif
