/* SPDX-License-Identifier: MIT */
/* restore_files: how a parked restore waits, and what tells that it was told to go on. */
#ifndef CMIGRATE_AGENT_RESTORE_FILES_H
#define CMIGRATE_AGENT_RESTORE_FILES_H

/* The fifo, in the work directory, that a parked restore has as CRIU's configuration file. */
#define RESTORE_FIFO "parked.conf"

/* Marks in the work directory: the restore has been told to go on; a parked one has ended. */
#define RESTORE_WENT "restore.went"
#define RESTORE_ENDED "restore.ended"

/* A mark is a link to CRIU's configuration, which needs no room on a full /run. -1 with errno. */
int restore_mark(const char *run, const char *mark);
int restore_unmark(const char *run, const char *mark);

#endif
