/* SPDX-License-Identifier: MIT */
/* memory_left: how much of the memory that the configuration allows a host's containers is left. */
#ifndef CMIGRATE_MEMORY_LEFT_H
#define CMIGRATE_MEMORY_LEFT_H

#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

#define ROOM_UNLIMITED UINT64_MAX
/* Bytes that restored processes need beyond their own: the kernel's, and page tables. */
#define MEMORY_EXTRA (16ULL << 20)

/* Asks the host what its containers use. Does nothing if its row has no limit, or is NULL. */
int room_ask(const struct config_host *row, struct host *host, struct job *job, struct err *err);
/*
 * Waits for the answer: the bytes that are left, or ROOM_UNLIMITED if the host was not asked. -1:
 * the host did not tell.
 */
int room_read(const struct config_host *row, struct job *job, uint64_t *ret, struct err *err);

#endif
