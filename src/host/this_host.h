/* SPDX-License-Identifier: MIT */
/* this_host: the machine that cmigrate itself runs on, among the names of hosts. */
#ifndef CMIGRATE_THIS_HOST_H
#define CMIGRATE_THIS_HOST_H

#include <stdbool.h>

/* Its name as the kernel has it; the caller's. */
char *this_host_name(void);
/*
 * Whether that name is its own. ssh: the destination that the configuration gives for the name, or
 * NULL; it is believed, unless it leads to this machine.
 */
bool this_host_is(const char *name, const char *ssh);

#endif
