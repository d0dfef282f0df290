/* SPDX-License-Identifier: MIT */
/*
 * control: the directory of ssh's control sockets: short enough for a socket's path (108 bytes),
 * private, and the same for all runs of a user, so that a killed one leaves nothing that the next
 * doesn't remove. Locked (shared) while this process has remote hosts: whoever is the last removes
 * it.
 */
#ifndef CMIGRATE_CONTROL_H
#define CMIGRATE_CONTROL_H

/*
 * For one host more; its path, borrowed until control_give_back(), which is owed in any case. NULL
 * where it can't be had: then every channel is a connection of its own.
 */
const char *control_take(void);
void control_give_back(void);

#endif
