/* SPDX-License-Identifier: MIT */
/* version: the version of this build; the Makefile defines it. */
#ifndef CMIGRATE_VERSION_H
#define CMIGRATE_VERSION_H

#ifndef CMIGRATE_VERSION
#define CMIGRATE_VERSION "unknown"
#endif

#endif
