/* SPDX-License-Identifier: MIT */
/* path: whether something is there on a host. */
#ifndef CMIGRATE_PATH_H
#define CMIGRATE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/host.h"

/* 0, and in *ret whether the host has a directory of that name; -1 where it can't be asked. */
int path_is_directory(struct host *host, const char *path, bool *ret, struct err *err);
/* The same of anything. */
int path_exists(struct host *host, const char *path, bool *ret, struct err *err);
/* What it takes on disk, with all below it. */
int path_bytes(struct host *host, const char *path, uint64_t *ret, struct err *err);

#endif
