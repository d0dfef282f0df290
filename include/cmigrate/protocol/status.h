/* SPDX-License-Identifier: MIT */
/* status: exit statuses of verbs that mean more than done (0) and failed (1). */
#ifndef CMIGRATE_STATUS_H
#define CMIGRATE_STATUS_H

/* There is no such file, for certain: no file system that only fails. */
#define STATUS_ABSENT 3
/* Somebody else has the lock. */
#define STATUS_LOCKED 75

#endif
