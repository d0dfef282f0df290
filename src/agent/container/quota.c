/* SPDX-License-Identifier: MIT */
/* quota: how much processor time a container may use, and how much it has used. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/text_file.h"
#include "cgroup.h"

#define TEXT_MAX 4096

int verb_quota(struct request *req);

/* The files of a cgroup; version 1 has one each for quota, period and usage. */
struct files {
	char *dir, *usage_dir;
	bool v2;
};

static void files_clear(struct files *files)
{
	free(files->dir);
	free(files->usage_dir);
}
#define CLEANUP_FILES __attribute__((cleanup(files_clear)))

static char *read_in(const char *dir, const char *file)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir ? dir : "", file);
	char *text = dir ? text_file_read(path, TEXT_MAX, NULL) : NULL;

	return text ? text : str_dup("");
}

static int write_in(const char *dir, const char *file, const char *text)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = write(fd, text, strlen(text));
	(void)close(fd);
	return n < 0 ? -1 : 0;
}

static struct files files_of(const struct runc_state *state)
{
	struct files files = {.dir = cgroup_dir(state, "cpu"),
			      .usage_dir = cgroup_dir(state, "cpuacct")};
	CLEANUP_FREE char *max = str_fmt("%s/cpu.max", files.dir ? files.dir : "");

	files.v2 = access(max, F_OK) == 0;
	return files;
}

/* In microseconds, of all its processes. */
static unsigned long long usage_of(const struct files *files)
{
	if (!files->v2) {
		CLEANUP_FREE char *ns = read_in(files->usage_dir, "cpuacct.usage");
		return strtoull(ns, NULL, 10) / 1000;
	}
	CLEANUP_FREE char *stat = read_in(files->dir, "cpu.stat");
	const char *at = strstr(stat, "usage_usec ");
	return at ? strtoull(at + strlen("usage_usec "), NULL, 10) : 0;
}

/* Says "QUOTA PERIOD USAGE", in microseconds; the quota is "max" if there is none. */
static int look(struct request *req, const struct files *files)
{
	char quota[32] = "";
	unsigned long long period = 0;

	if (files->v2) {
		CLEANUP_FREE char *max = read_in(files->dir, "cpu.max");
		if (sscanf(max, "%31s %llu", quota, &period) != 2)
			period = 0;
	} else {
		CLEANUP_FREE char *text = read_in(files->dir, "cpu.cfs_quota_us");
		CLEANUP_FREE char *every = read_in(files->dir, "cpu.cfs_period_us");
		if (sscanf(text, "%31s", quota) == 1)
			period = strtoull(every, NULL, 10);
		if (*quota == '-')
			(void)strcpy(quota, "max");
	}
	if (!period)
		return request_fail(req, "the cgroup of '%s' has no quota of processor time",
				    request_get(req, "container"));
	request_say(req, "%s %llu %llu\n", quota, period, usage_of(files));
	return 0;
}

/* The period stays. */
static int set(struct request *req, const struct files *files)
{
	const char *quota = request_get(req, "quota");

	if (!files->v2 && strcmp(quota, "max") == 0)
		quota = "-1";
	if (write_in(files->dir, files->v2 ? "cpu.max" : "cpu.cfs_quota_us", quota) < 0)
		return request_errno(req, "can't set the quota in '%s'", files->dir);
	return 0;
}

/* quota container op quota: op=look, or op=set. A container that has ended has none to be set. */
int verb_quota(struct request *req)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_FILES struct files files = {0};
	const bool sets = request_is(req, "op", "set") && request_has(req, "quota");

	if (!sets && !request_is(req, "op", "look"))
		return request_fail(req, "'quota' is to be looked at or set");
	if (runc_state_read(req, request_get(req, "container"), &state) < 0)
		return 1;
	files = files_of(&state);
	if (sets)
		return files.dir ? set(req, &files) : 0;
	return look(req, &files);
}
