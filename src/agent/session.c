/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"
#include "process.h"

void pids_add(struct pids *pids, pid_t pid)
{
	if ((pids->n & (pids->n - 1)) == 0)
		pids->v = mem_grow(pids->v, pids->n ? pids->n * 2 : 1, sizeof(*pids->v));
	pids->v[pids->n++] = pid;
}

bool pids_has(const struct pids *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] == pid)
			return true;
	return false;
}

void pids_clear(struct pids *pids)
{
	free(pids->v);
	*pids = (struct pids){0};
}

char *session_path(const char *run, const char *kind)
{
	return str_fmt("%s/%s.session", run, kind);
}

/* The session's number, or 0 if there is no record or the number has been given to another. */
static pid_t session_of(const char *path)
{
	char target[64];
	int pid;
	unsigned long long start;
	struct process leader;

	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return 0;
	target[n] = '\0';
	if (sscanf(target, "%d.%llu", &pid, &start) != 2 || pid <= 0)
		return 0;
	return process_read(pid, &leader) && leader.start != start ? 0 : pid;
}

static bool is_alive(const struct process *p)
{
	return p->state != 'Z' && p->state != 'X';
}

void session_members(const char *path, struct pids *ret)
{
	pid_t session = session_of(path);
	size_t n = 0, before;

	if (!session)
		return;
	struct process *all = process_all(&n);
	for (size_t i = 0; i < n; i++)
		if (all[i].session == session && is_alive(&all[i]))
			pids_add(ret, all[i].pid);
	/* What is restored has sessions of its own. */
	do {
		before = ret->n;
		for (size_t i = 0; i < n; i++)
			if (is_alive(&all[i]) && pids_has(ret, all[i].parent) &&
			    !pids_has(ret, all[i].pid))
				pids_add(ret, all[i].pid);
	} while (ret->n > before);
	free(all);
}

bool session_lives(const char *path)
{
	CLEANUP_PIDS struct pids pids = {0};

	session_members(path, &pids);
	return pids.n > 0;
}

bool session_signal(const char *path, int sig)
{
	CLEANUP_PIDS struct pids pids = {0};

	session_members(path, &pids);
	for (size_t i = 0; i < pids.n; i++)
		(void)kill(pids.v[i], sig);
	return pids.n > 0;
}
