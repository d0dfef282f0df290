/* SPDX-License-Identifier: MIT */
/* image: the agent's executable, as it is carried inside of cmigrate (made by the Makefile). */
#ifndef CMIGRATE_AGENT_IMAGE_H
#define CMIGRATE_AGENT_IMAGE_H

#include <stddef.h>

extern const unsigned char agent_image[];
extern const unsigned char agent_image_end[];
/* SHA-256 of it, 64 hex digits: the name under which a host keeps it. */
extern const char agent_image_sum[];
/* The machine that it was made for, as uname(2) names it. */
extern const char agent_image_machine[];

#endif
