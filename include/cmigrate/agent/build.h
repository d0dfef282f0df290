/* SPDX-License-Identifier: MIT */
/* build: which agent this is. Controller and agent must be of one build. */
#ifndef CMIGRATE_AGENT_BUILD_H
#define CMIGRATE_AGENT_BUILD_H

#include <stdint.h>

/* A sum over the sources that both ends share, from the Makefile. */
extern const char agent_build[];
/* For a list of words that is not written to. */
#define AGENT_BUILD ((char *)(uintptr_t)agent_build)

#endif
