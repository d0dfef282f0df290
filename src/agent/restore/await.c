/* SPDX-License-Identifier: MIT */
/* await: waits for the end of a dump or a restore that another agent may have started. */
#include <stdlib.h>

#include "agent/request/held.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"

/* Container processes are in other pid namespaces, and nobody waits for them: one that shares the
 * session of its restore would be waited for without end. */
static void find_ours(struct pids *ret, void *record)
{
	CLEANUP_PIDS struct pids all = {0};

	session_members(record, &all);
	for (size_t i = 0; i < all.n; i++)
		if (process_in_our(all.v[i], "pid"))
			pids_add(ret, all.v[i]);
}

int verb_await(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	const char *kind = request_is(req, "op", "dump") ? SESSION_DUMP : SESSION_RESTORE;
	CLEANUP_FREE char *record = session_path(run, kind);
	CLEANUP_HELD struct held held = {0};

	do {
		held_find(&held, find_ours, record);
		if (!held.n)
			return 0;
	} while (held_wait(req, &held, -1));
	return 1;
}
