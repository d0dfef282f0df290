/* SPDX-License-Identifier: MIT */
/*
 * The verb fence: an earlier controller of a move (the move itself, a recovery that was killed) may
 * be cut off and not know it. Its agent here is ended, and with it what it is about to start. A
 * dump waits at its gate for a verdict, a restore comes to its end or is ended when its copy is
 * erased, and whoever fetches the memory of a running copy is needed: they are left alone. A parked
 * restore is ended, because the word to go may still be on its way to it.
 */
#include <signal.h>
#include <stdlib.h>

#include "agent/request/paths.h"
#include "agent/request/rivals.h"
#include "agent/request/session.h"
#include "agent/restore/restore.h"

int verb_fence(struct request *req);

/* An agent that was ended while it looked after a seizure may have stopped criu (seize.c): it would
 * neither dump nor let go. */
static void continue_dump(const struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_DUMP);

	(void)session_signal(record, SIGCONT);
}

int verb_fence(struct request *req)
{
	if (rivals_end(req, request_get(req, "id")) != 0)
		return 1;
	continue_dump(req);
	return restore_end_parked(req);
}
