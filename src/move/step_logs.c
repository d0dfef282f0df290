/* SPDX-License-Identifier: MIT */
#include "steps.h"

void keep_logs(struct move *move)
{
	struct side *src = &move->side[SOURCE], *dst = &move->side[DESTINATION];
	CLEANUP_FREE char *directory = str_fmt("%s/logs-%s", move->state_dir.dir, move->id);
	struct err why = ERR_INIT;

	if (!move->plan.keep_logs)
		return;
	if (runtime_keep_logs(&src->runtime, &why) < 0 ||
	    runtime_keep_logs(&dst->runtime, &why) < 0)
		event_note(move->events, "not all logs are kept: %s", why.msg);
	else
		event_note(move->events, "the logs are in '%s'", directory);
}
