/* SPDX-License-Identifier: MIT */
#ifndef CMIGRATE_CHECKSUM_H
#define CMIGRATE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of IEEE 802.3 and zlib. It finds a torn or changed line; it is no protection against
 * tampering. */
uint32_t checksum_bytes(const void *data, size_t len);
uint32_t checksum(const char *text);

#endif
