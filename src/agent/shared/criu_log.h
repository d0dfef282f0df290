/* SPDX-License-Identifier: MIT */
/* criu_log: CRIU's own word for what went wrong, for messages; nothing is decided by it. */
#ifndef CMIGRATE_AGENT_CRIU_LOG_H
#define CMIGRATE_AGENT_CRIU_LOG_H

/* The first error of a log, without its place in CRIU; "" if there is none. The caller's. */
char *criu_log_error(const char *path);

#endif
