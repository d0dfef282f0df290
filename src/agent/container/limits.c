/* SPDX-License-Identifier: MIT */
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/text_file.h"
#include "cgroup.h"

#define VALUE_MAX 255

/* plain: the value of a cgroup without this limit. A kernel may lack the file then. */
struct limit {
	const char *controller, *file, *plain;
};

static const struct limit limits[] = {
	/* version 1 */
	{"memory", "memory.limit_in_bytes", NULL},
	{"memory", "memory.memsw.limit_in_bytes", NULL},
	{"memory", "memory.soft_limit_in_bytes", NULL},
	{"cpu", "cpu.cfs_period_us", "100000"},
	{"cpu", "cpu.cfs_quota_us", "-1"},
	{"cpu", "cpu.cfs_burst_us", "0"},
	{"cpu", "cpu.shares", "1024"},
	{"cpu", "cpu.rt_period_us", "1000000"},
	{"cpu", "cpu.rt_runtime_us", "0"},
	{"blkio", "blkio.weight", "500"},
	{"blkio", "blkio.bfq.weight", "100"},
	/* version 2 */
	{"memory", "memory.max", "max"},
	{"memory", "memory.swap.max", "max"},
	{"memory", "memory.high", "max"},
	{"memory", "memory.low", "0"},
	{"memory", "memory.min", "0"},
	{"cpu", "cpu.max", "max 100000"},
	{"cpu", "cpu.max.burst", "0"},
	{"cpu", "cpu.weight", "100"},
	{"cpu", "cpu.idle", "0"},
	{"io", "io.weight", "default 100"},
	{"io", "io.bfq.weight", "default 100"},
	/* both */
	{"pids", "pids.max", "max"},
	{"cpuset", "cpuset.cpus", LIMITS_ALL},
	{"cpuset", "cpuset.mems", LIMITS_ALL},
};

#define COUNT (sizeof(limits) / sizeof(*limits))

static bool is_cpuset(const struct limit *limit)
{
	return strcmp(limit->controller, "cpuset") == 0;
}

/* The first line of a file; NULL: there is none. Owned by the caller. */
static char *value_in(const char *dir, const char *file)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	char *text = text_file_read(path, VALUE_MAX, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

/* In version 1 a cgroup that has all CPUs has the list of the one above it, in version 2 none. */
static char *all_in(const char *dir, const char *file)
{
	CLEANUP_FREE char *effective = value_in(dir, "cpuset.cpus.effective");
	CLEANUP_FREE char *above = str_dupn(dir, (size_t)(strrchr(dir, '/') - dir));

	return effective ? str_dup("") : value_in(above, file);
}

/* NULL: no such limit here. Owned by the caller. */
static char *limit_in(const char *dir, const struct limit *limit)
{
	CLEANUP_FREE char *value = value_in(dir, limit->file);
	CLEANUP_FREE char *all = value && is_cpuset(limit) ? all_in(dir, limit->file) : NULL;

	if (value && (!*value || (all && strcmp(value, all) == 0)))
		return str_dup(is_cpuset(limit) ? LIMITS_ALL : NULL);
	/* So the kernel shows the weight of an idle cgroup. */
	if (value && strcmp(limit->file, "cpu.weight") == 0 && strcmp(value, "0") == 0)
		return NULL;
	return str_dup(value);
}

/* The value with another quota; the period stays. NULL: it isn't that limit. Owned by the caller.
 */
static char *with_quota(const char *file, const char *value, const char *quota)
{
	const char *period = strchr(value, ' ');

	if (quota && strcmp(file, "cpu.max") == 0)
		return str_fmt("%s%s", quota, period ? period : "");
	if (quota && strcmp(file, "cpu.cfs_quota_us") == 0)
		return str_dup(strcmp(quota, "max") == 0 ? "-1" : quota);
	return NULL;
}

void limits_read(const struct runc_state *state, const char *quota, struct buf *ret)
{
	for (size_t i = 0; i < COUNT; i++) {
		CLEANUP_FREE char *dir = cgroup_dir(state, limits[i].controller);
		CLEANUP_FREE char *value = dir ? limit_in(dir, &limits[i]) : NULL;
		CLEANUP_FREE char *other = value ? with_quota(limits[i].file, value, quota) : NULL;
		if (value)
			buf_printf(ret, "%s %s\n", limits[i].file, other ? other : value);
	}
}

/* No file of a kernel has another kind of value. */
static bool is_value(const char *value)
{
	size_t len = strlen(value);

	return len && len <= VALUE_MAX &&
	       strspn(value, "0123456789abcdefghijklmnopqrstuvwxyz ,-") == len;
}

/* "FILE VALUE"; NULL: it is none of the limits. */
static const struct limit *limit_of(const char *line, const char **ret_value)
{
	for (size_t i = 0; i < COUNT; i++) {
		size_t len = strlen(limits[i].file);
		if (strncmp(line, limits[i].file, len) != 0 || line[len] != ' ')
			continue;
		*ret_value = line + len + 1;
		return is_value(*ret_value) ? &limits[i] : NULL;
	}
	return NULL;
}

/* -1 with errno. */
static int write_value(const char *dir, const struct limit *limit, const char *value)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, limit->file);
	CLEANUP_FREE char *all = is_cpuset(limit) && strcmp(value, LIMITS_ALL) == 0
					 ? all_in(dir, limit->file)
					 : NULL;
	CLEANUP_FREE char *line = str_fmt("%s\n", all ? all : value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = write(fd, line, strlen(line));
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

/* 0: the cgroup has this limit now; -1 with errno. */
static int set_limit(const struct runc_state *state, const struct limit *limit, const char *value)
{
	CLEANUP_FREE char *dir = cgroup_dir(state, limit->controller);
	CLEANUP_FREE char *now = dir ? limit_in(dir, limit) : NULL;

	if (now && strcmp(now, value) == 0)
		return 0;
	/* A kernel that counts no swap has no file for its limit, and none is lost. */
	if (!now && (limit->plain ? strcmp(limit->plain, value) == 0
				  : strtoull(value, NULL, 10) > UINT64_MAX / 4))
		return 0;
	if (dir)
		return write_value(dir, limit, value);
	errno = ENOENT;
	return -1;
}

/* Memory must not be above memory with swap at any time: what fails at first is tried again. */
void limits_set(const struct runc_state *state, const char *text, struct buf *ret_missed)
{
	CLEANUP_ARGV struct argv lines = {0}, again = {0};
	const char *value = NULL;

	argv_words(&lines, text, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		const struct limit *limit = limit_of(lines.v[i], &value);
		if (limit && set_limit(state, limit, value) < 0)
			argv_add(&again, lines.v[i]);
	}
	for (size_t i = 0; i < again.n; i++) {
		const struct limit *limit = limit_of(again.v[i], &value);
		if (set_limit(state, limit, value) < 0)
			buf_printf(ret_missed, "%s: %s\n", again.v[i], strerror(errno));
	}
}
