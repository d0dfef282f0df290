/* SPDX-License-Identifier: MIT */
/* absent: whether something certainly isn't there, on a file system that may fail. */
#ifndef CMIGRATE_AGENT_ABSENT_H
#define CMIGRATE_AGENT_ABSENT_H

#include <stdbool.h>

/* True only if the path certainly does not exist: a file that an NFS server can't give just now is
 * not absent. */
bool path_absent(const char *path);

#endif
