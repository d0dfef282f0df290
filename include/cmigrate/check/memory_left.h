/* SPDX-License-Identifier: MIT */
/* room: what the memory that the configuration allows a host's containers leaves for one more. */
#ifndef CMIGRATE_ROOM_H
#define CMIGRATE_ROOM_H

#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

#define ROOM_UNLIMITED UINT64_MAX
/* Bytes that restored processes need beyond their own: the kernel's, and page tables. */
#define MEMORY_EXTRA (16ULL << 20)

/* Asks the host what its containers use; nothing where its row (or NULL) allows it all it has. */
int room_ask(const struct config_host *row, struct host *host, struct job *job, struct err *err);
/*
 * Waits for the answer: the bytes that are left, ROOM_UNLIMITED for a job that was never begun. -1:
 * the host didn't tell.
 */
int room_read(const struct config_host *row, struct job *job, uint64_t *ret, struct err *err);

#endif
