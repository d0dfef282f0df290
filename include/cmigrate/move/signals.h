/* SPDX-License-Identifier: MIT */
#ifndef CMIGRATE_SIGNALS_H
#define CMIGRATE_SIGNALS_H

/*
 * From now on SIGINT, SIGTERM and SIGHUP set move_cancelled instead of ending the process. The
 * first one makes the move go back, a further one changes nothing.
 */
void signals_watch(void);

#endif
