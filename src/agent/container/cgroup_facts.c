/* SPDX-License-Identifier: MIT */
#include "cgroup_facts.h"

#include <stdio.h>
#include <string.h>

#include "agent/request/fact.h"
#include "agent/request/text_file.h"
#include "cgroup.h"

#define STAT_MAX 65536

/* "" if there is no such file. */
static char *value_of(const char *dir, const char *file)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	char *text = text_file_read(path, 256, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text ? text : str_dup("");
}

/* Version 1 has totals of a cgroup and those below it, which version 2 always has. */
static bool counts(const char *key, bool totals)
{
	static const char *const v1[] = {"total_rss", "total_shmem", NULL};
	static const char *const v2[] = {"anon", "shmem", "kernel", NULL};

	for (const char *const *k = totals ? v1 : v2; *k; k++)
		if (strcmp(key, *k) == 0)
			return true;
	return false;
}

static void say_used(struct request *req, const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s/memory.stat", dir);
	CLEANUP_FREE char *text = text_file_read(path, STAT_MAX, NULL);
	unsigned long long sum = 0, value;
	char key[64], *save = NULL;

	if (!text)
		return;
	bool totals = strstr(text, "\ntotal_rss ") != NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%63s %llu", key, &value) == 2 && counts(key, totals))
			sum += value;
	request_say(req, "cgroup-memory=%llu\n", sum);
}

void cgroup_facts(struct request *req, const struct runc_state *state)
{
	CLEANUP_FREE char *memory = cgroup_dir(state, "memory");
	CLEANUP_FREE char *pids = cgroup_dir(state, "pids");

	if (memory) {
		CLEANUP_FREE char *v1 = value_of(memory, "memory.limit_in_bytes");
		CLEANUP_FREE char *v2 = value_of(memory, "memory.max");
		fact_say(req, "memory-max", *v1 ? v1 : v2);
		say_used(req, memory);
	}
	if (pids) {
		CLEANUP_FREE char *limit = value_of(pids, "pids.max");
		fact_say(req, "pids-max", limit);
	}
}
