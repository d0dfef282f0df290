/* SPDX-License-Identifier: MIT */
/* Sockets of processes of a container of the test's own. */
#ifndef CMIGRATE_TEST_OWN_SOCKETS_H
#define CMIGRATE_TEST_OWN_SOCKETS_H

#include "own_container.h"
#include "own_tcp.h"

static inline void set(int fd, int level, int name, int value)
{
	MUST(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

static inline void become(int fd, int number)
{
	MUST(dup2(fd, number) == number && close(fd) == 0);
}

/* The descriptor is then the child's alone. */
static inline void leave(int *fd)
{
	MUST(close(*fd) == 0);
	*fd = -1;
}

#endif
