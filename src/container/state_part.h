/* SPDX-License-Identifier: MIT */
/* state_part: what the files of the state directory and its lock share; nobody else's. */
#ifndef CMIGRATE_STATE_PART_H
#define CMIGRATE_STATE_PART_H

#include "cmigrate/container/state_dir.h"

#define STATE_DIR_TIMEOUT_MS 15000
/* The remedy for a full disk. */
#define STORE_FULL "free some space there"

/* Names the file in err, from errno. Returns -1. */
int store_fail(const struct state_dir *state_dir, const char *file, struct err *err);
/* As open(2), in the directory here, which O_CREAT makes too. */
int store_open_file(const struct state_dir *state_dir, const char *file, int flags);
/* 0, or -1 with errno. */
int store_write_all(int fd, const char *text);

#endif
