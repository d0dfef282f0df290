/* SPDX-License-Identifier: MIT */
#include "listed.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/process.h"
#include "cgroup.h"
#include "process_status.h"

static int is_name(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int listed_read(struct request *req, struct listed *ret)
{
	struct dirent **names;
	int n = scandir(RUNC_ROOT, &names, is_name, alphasort);

	memset(ret, 0, sizeof(*ret));
	/* The directory is missing until the first container was started. */
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0) {
		(void)request_errno(req, "can't read '" RUNC_ROOT "'");
		return -1;
	}
	ret->v = mem_new((size_t)n, sizeof(*ret->v));
	for (int i = 0; i < n; i++) {
		struct runc_state *state = &ret->v[ret->n];
		if (runc_state_read(req, names[i]->d_name, state) == 0 && state->status)
			ret->n++;
		free(names[i]);
	}
	free(names);
	return 0;
}

void listed_clear(struct listed *listed)
{
	for (size_t i = 0; i < listed->n; i++)
		runc_state_clear(&listed->v[i]);
	free(listed->v);
	memset(listed, 0, sizeof(*listed));
}

void listed_usage(const struct runc_state *state, struct usage *ret)
{
	CLEANUP_PIDS struct pids pids = {0};
	struct process_status status;
	struct process process;

	memset(ret, 0, sizeof(*ret));
	if (state->pid <= 0)
		return;
	cgroup_processes(state, &pids);
	for (size_t i = 0; i < pids.n; i++) {
		if (!process_status_read(pids.v[i], &status))
			continue;
		ret->processes++;
		ret->memory += status.memory;
		if (process_read(pids.v[i], &process))
			ret->ticks += process.ticks;
	}
}
