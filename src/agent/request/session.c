/* SPDX-License-Identifier: MIT */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/base/str.h"
#include "process.h"

/* More than the kernel lets a program have of it. */
#define ENVIRON_MAX (8 * 1024 * 1024)

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

char *session_mark(const char *path)
{
	return str_fmt("CMIGRATE_SESSION=%s", path);
}

char *session_path(const char *run, const char *kind)
{
	return str_fmt("%s/%s.session", run, kind);
}

/* The session's number, or 0 if there is no record or the number has been given to another process.
 * *ret_led: its leader is still there, if only as a zombie. */
static pid_t session_of(const char *path, bool *ret_led)
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
	*ret_led = process_read(pid, &leader);
	return *ret_led && leader.start != start ? 0 : pid;
}

/*
 * Once a session has no member, a later one may get its number, and lose its leader too. Then a
 * member is known by the mark in its environment. criu writes its title over that.
 */
static bool is_marked(const struct process *p, const char *path)
{
	CLEANUP_FREE char *mark = session_mark(path);
	size_t len = 0;

	if (strcmp(p->comm, "criu") == 0)
		return true;
	CLEANUP_FREE char *words = process_file(p->pid, "environ", ENVIRON_MAX, &len);
	for (size_t i = 0; words && i < len; i += strlen(words + i) + 1)
		if (strcmp(words + i, mark) == 0)
			return true;
	return false;
}

static bool is_alive(const struct process *p)
{
	return p->state != 'Z' && p->state != 'X';
}

void session_members(const char *path, struct pids *ret)
{
	bool led = false;
	pid_t session = session_of(path, &led);
	size_t n = 0, before;

	if (!session)
		return;
	struct process *all = process_all(&n);
	for (size_t i = 0; i < n; i++)
		if (all[i].session == session && is_alive(&all[i]) &&
		    (led || is_marked(&all[i], path)))
			pids_add(ret, all[i].pid);
	/* Restored processes have sessions of their own. */
	do {
		before = ret->n;
		for (size_t i = 0; i < n; i++)
			if (is_alive(&all[i]) && pids_has(ret, all[i].parent) &&
			    !pids_has(ret, all[i].pid))
				pids_add(ret, all[i].pid);
	} while (ret->n > before);
	free(all);
}

static bool is_program(pid_t pid)
{
	struct process p;

	return process_read(pid, &p) && process_in_our(pid, "pid") &&
	       (p.session == pid || str_starts(p.comm, "runc") || str_starts(p.comm, "criu"));
}

void session_programs(const char *path, struct pids *ret)
{
	CLEANUP_PIDS struct pids all = {0};

	session_members(path, &all);
	for (size_t i = 0; i < all.n; i++)
		if (is_program(all.v[i]))
			pids_add(ret, all.v[i]);
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
