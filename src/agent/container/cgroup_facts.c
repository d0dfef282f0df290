/* SPDX-License-Identifier: MIT */
#include "cgroup_facts.h"

#include <stdio.h>
#include <string.h>

#include "agent/request/fact.h"
#include "agent/request/text_file.h"
#include "cgroup.h"
#include "limits.h"

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

/* Returns it without the kernel's own memory. */
static unsigned long long say_used(struct request *req, const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s/memory.stat", dir);
	CLEANUP_FREE char *text = text_file_read(path, STAT_MAX, NULL);
	unsigned long long sum = 0, kernel = 0, value;
	char key[64], *save = NULL;

	if (!text)
		return 0;
	bool totals = strstr(text, "\ntotal_rss ") != NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%63s %llu", key, &value) == 2 && counts(key, totals)) {
			sum += value;
			kernel += strcmp(key, "kernel") == 0 ? value : 0;
		}
	request_say(req, "cgroup-memory=%llu\n", sum);
	return sum - kernel;
}

/* The CPUs and memory nodes that the container may use, if not all of its host. */
static void say_cpusets(struct request *req, const struct runc_state *state)
{
	CLEANUP_BUF struct buf text = {0};
	CLEANUP_ARGV struct argv lines = {0};

	limits_read(state, NULL, &text);
	argv_words(&lines, buf_str(&text), "\n");
	for (size_t i = 0; i < lines.n; i++)
		if (str_starts(lines.v[i], "cpuset.") && !strstr(lines.v[i], " " LIMITS_ALL))
			fact_say(req, "limit", lines.v[i]);
}

unsigned long long cgroup_facts(struct request *req, const struct runc_state *state)
{
	CLEANUP_FREE char *memory = cgroup_dir(state, "memory");
	unsigned long long used = 0;

	if (memory) {
		CLEANUP_FREE char *v1 = value_of(memory, "memory.limit_in_bytes");
		CLEANUP_FREE char *v2 = value_of(memory, "memory.max");
		fact_say(req, "memory-max", *v1 ? v1 : v2);
		used = say_used(req, memory);
	}
	say_cpusets(req, state);
	return used;
}
