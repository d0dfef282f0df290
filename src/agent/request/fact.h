/* SPDX-License-Identifier: MIT */
/* fact: what a host says about itself, a line KEY=VALUE each. */
#ifndef CMIGRATE_AGENT_FACT_H
#define CMIGRATE_AGENT_FACT_H

#include "request.h"

/* Says one; the ends of lines in it become blanks. NULL is "". */
void fact_say(struct request *req, const char *key, const char *value);
/* Says KEY=yes, or nothing. */
void fact_say_yes(struct request *req, const char *key, bool yes);
/* Says a number of bytes that are free for root's programs on a file system; nothing if it can't be
 * asked. */
void fact_say_room(struct request *req, const char *key, const char *path);

#endif
