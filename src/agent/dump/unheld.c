/* SPDX-License-Identifier: MIT */
#include "unheld.h"

#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "cmigrate/base/str.h"

#define STATUS_MAX 8192

static const char *value_of(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? line + strlen(key) + strspn(line + strlen(key), " \t") : "";
}

char task_state(pid_t task, pid_t *ret_tracer)
{
	CLEANUP_FREE char *status = process_file(task, "status", STATUS_MAX, NULL);

	*ret_tracer = status ? atoi(value_of(status, "\nTracerPid:")) : 0;
	return status ? *value_of(status, "\nState:") : 0;
}

static void name(struct unheld *unheld)
{
	CLEANUP_FREE char *comm =
		process_file(unheld->task, "comm", sizeof(unheld->comm) - 1, NULL);

	if (comm)
		memcpy(unheld->comm, comm, strcspn(comm, "\n"));
}

bool unheld_find(const struct pids *tasks, pid_t criu, struct unheld *ret)
{
	*ret = (struct unheld){0};
	for (size_t i = 0; i < tasks->n && !ret->tracer; i++) {
		pid_t tracer;
		char state = task_state(tasks->v[i], &tracer);
		if (!state || state == 'Z' || state == 'X' || (state == 't' && tracer == criu))
			continue;
		bool by_another = tracer && tracer != criu;
		if (by_another || !ret->task || state == 'D')
			*ret = (struct unheld){.task = tasks->v[i],
					       .state = state,
					       .tracer = by_another ? tracer : 0};
	}
	if (ret->task)
		name(ret);
	return ret->task != 0;
}
