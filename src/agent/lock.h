/* SPDX-License-Identifier: MIT */
/* lock: the locks of containers that this agent holds for its controller. */
#ifndef CMIGRATE_AGENT_LOCK_H
#define CMIGRATE_AGENT_LOCK_H

/* The connection has ended: gives back what is held. */
void lock_release_all(void);

#endif
