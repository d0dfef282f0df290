/* SPDX-License-Identifier: MIT */
/*
 * unlimited: the number 2^64-1 in JSON. Container engines write RLIM_INFINITY as
 * 18446744073709551615 into config.json, where jansson stops: it holds no more than 2^63-1.
 */
#ifndef CMIGRATE_UNLIMITED_H
#define CMIGRATE_UNLIMITED_H

#include <stddef.h>
#include <stdint.h>

/* Stands for 2^64-1 in a json_t; no field of an OCI configuration is ever this number. */
#define UNLIMITED INT64_MIN

/* Before jansson reads a text: in place, and no byte moves, so that lines and columns stay true. */
void unlimited_hide(char *text, size_t len);
/* After jansson wrote one. */
void unlimited_show(char *text, size_t len);

#endif
