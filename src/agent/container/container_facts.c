/* SPDX-License-Identifier: MIT */
#include "container_facts.h"

#include "cgroup.h"
#include "cgroup_facts.h"
#include "walk.h"

/* used: memory of the cgroup. There is more of it than the processes have if a System V segment is
 * attached to none, or files are in a tmpfs; a dump contains those too. */
static void say_totals(const struct walk *walk, unsigned long long used)
{
	unsigned long long threads = 0, memory = 0;

	for (size_t i = 0; i < walk->n; i++) {
		threads += walk->processes[i].threads;
		memory += walk->processes[i].memory + walk->processes[i].swap;
	}
	request_say(walk->req, "processes=%zu\nthreads=%llu\nmemory=%llu\n", walk->n, threads,
		    memory > used ? memory : used);
}

static void look_at_all(struct walk *walk, const struct runc_state *state, const struct pids *pids,
			unsigned long long used)
{
	walk->processes = mem_new(pids->n, sizeof(*walk->processes));
	for (size_t i = 0; i < pids->n && !request_over(walk->req); i++)
		walk->n += process_status_read(pids->v[i], &walk->processes[walk->n]);
	if (!walk->n)
		return;
	mounted(walk, state);
	used_files_begin(walk);
	tree(walk);
	for (size_t i = 0; i < walk->n && !request_over(walk->req); i++) {
		const struct process_status *p = &walk->processes[i];
		open_files(walk, p);
		if (!p->descends)
			continue;
		unseizable(walk, p);
		CLEANUP_MOUNTS struct mounts own = {0};
		used_mounts(walk, p->pid, &own);
		mapped_files(walk, p->pid, &own);
		used_directories(walk, p->pid, &own);
	}
	container_sockets(walk);
	sleeps(walk);
	queues(walk);
	fifos(walk);
	huge_pages(walk);
	host_ipc(walk);
	scheduling(walk, state);
	suspects(walk);
	say_totals(walk, used);
}

int container_facts(struct request *req, const struct runc_state *state)
{
	CLEANUP_PIDS struct pids pids = {0};
	struct walk walk = {.req = req, .first = state->pid};

	cgroup_processes(state, &pids);
	look_at_all(&walk, state, &pids, cgroup_facts(req, state));
	walk_clear(&walk);
	return request_over(req);
}
