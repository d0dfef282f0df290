/* SPDX-License-Identifier: MIT */
/* await: waits for the end of a dump or a restore that another agent may have started. */
#include <stdlib.h>

#include "agent/request/held.h"
#include "agent/request/paths.h"

/* Container processes and what hooks have started may share the session of a restore, and would be
 * waited for without end. */
static void find_programs(struct pids *ret, void *record)
{
	session_programs(record, ret);
}

int verb_await(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	const char *kind = request_is(req, "op", "dump") ? SESSION_DUMP : SESSION_RESTORE;
	CLEANUP_FREE char *record = session_path(run, kind);
	CLEANUP_HELD struct held held = {0};

	do {
		held_find(&held, find_programs, record);
		if (!held.n)
			return 0;
	} while (held_wait(req, &held, -1));
	return 1;
}
