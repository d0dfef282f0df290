/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/checksum.h"

#include <string.h>

#define POLYNOMIAL 0xedb88320u

uint32_t checksum_bytes(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
	}
	return ~crc;
}

uint32_t checksum(const char *text)
{
	return checksum_bytes(text, strlen(text));
}
