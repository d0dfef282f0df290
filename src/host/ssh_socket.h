/* SPDX-License-Identifier: MIT */
/*
 * ssh_socket: the directory of ssh's control sockets. It is short enough for a socket's path (108
 * bytes), private, and the same for all runs of a user, so that the next run removes the leftovers
 * of a killed one. A process with remote hosts holds a shared lock on it; the last process removes
 * it.
 */
#ifndef CMIGRATE_CONTROL_H
#define CMIGRATE_CONTROL_H

/*
 * The path for one more host, borrowed until control_give_back(), which must be called in any case.
 * NULL if it can't be made: every channel is then a connection of its own.
 */
const char *control_take(void);
void control_give_back(void);

#endif
