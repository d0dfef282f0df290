/* SPDX-License-Identifier: MIT */
/* remote_path: tests for files and their size on a host. */
#ifndef CMIGRATE_PATH_H
#define CMIGRATE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/host.h"

/* 0, and *ret tells whether the host has that directory; -1 if the host can't be asked. */
int path_is_directory(struct host *host, const char *path, bool *ret, struct err *err);
/* As path_is_directory(), for a file of any type. */
int path_exists(struct host *host, const char *path, bool *ret, struct err *err);
/* Its size on disk in bytes, with everything below it. */
int path_bytes(struct host *host, const char *path, uint64_t *ret, struct err *err);

#endif
