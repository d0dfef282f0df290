/* SPDX-License-Identifier: MIT */
/*
 * json_uint64: the number 2^64-1 in JSON. Container engines write RLIM_INFINITY as
 * 18446744073709551615 into config.json; jansson's integers end at 2^63-1.
 */
#ifndef CMIGRATE_UNLIMITED_H
#define CMIGRATE_UNLIMITED_H

#include <stddef.h>
#include <stdint.h>

/* Stands for 2^64-1 in a json_t; no field of an OCI configuration ever has this value. */
#define UNLIMITED INT64_MIN

/* Call before jansson reads a text. It works in place and keeps the length, so lines and columns
 * stay right. */
void json_uint64_hide(char *text, size_t len);
/* Call after jansson has written a text. */
void json_uint64_show(char *text, size_t len);

#endif
