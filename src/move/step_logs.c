/* SPDX-License-Identifier: MIT */
#include "steps.h"

void keep_logs(struct move *move)
{
	struct runtime src = move_runtime_source(move), dst = move_runtime_destination(move);
	CLEANUP_FREE char *directory = str_fmt("%s/logs-%s", move->store.dir, move->id);
	struct err why = ERR_INIT;

	if (!move->keep_logs)
		return;
	if (runtime_keep_logs(&src, directory, &why) < 0 ||
	    runtime_keep_logs(&dst, directory, &why) < 0)
		event_note(move->events, "not all logs are kept: %s", why.msg);
	else
		event_note(move->events, "the logs are in '%s'", directory);
}
