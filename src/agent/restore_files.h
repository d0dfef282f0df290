/* SPDX-License-Identifier: MIT */
/* restore_files: how a parked restore waits, and what tells that it was told to go on. */
#ifndef CMIGRATE_AGENT_RESTORE_FILES_H
#define CMIGRATE_AGENT_RESTORE_FILES_H

/* The fifo, in the work directory, that a parked restore has as CRIU's configuration file. */
#define RESTORE_FIFO "parked.conf"

/* A file in the work directory says that the restore has been told to go on, or is about to be. It
 * is a link to CRIU's configuration, which needs no room on a full /run. -1 with errno. */
int restore_note_word(const char *run);
int restore_forget_word(const char *run);

#endif
