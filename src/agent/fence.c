/* SPDX-License-Identifier: MIT */
/*
 * The verb fence: an earlier controller of a move (the move itself, a recovery that was killed) may
 * be cut off and not know it. Its agent here is ended, and with it what it is about to start. A
 * dump waits at its gate for a verdict, a restore comes to its end or is ended when its copy is
 * erased, and whoever fetches the memory of a running copy is needed: they are left alone. A parked
 * restore is ended, because the word to go may still be on its way to it.
 */
#include "restore.h"
#include "rivals.h"

int verb_fence(struct request *req);

int verb_fence(struct request *req)
{
	if (rivals_end(req, request_get(req, "id")) != 0)
		return 1;
	return restore_end_parked(req);
}
