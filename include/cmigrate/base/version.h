/* SPDX-License-Identifier: MIT */
/* version: which cmigrate this is; the Makefile says it. */
#ifndef CMIGRATE_VERSION_H
#define CMIGRATE_VERSION_H

#ifndef CMIGRATE_VERSION
#define CMIGRATE_VERSION "unknown"
#endif

#endif
