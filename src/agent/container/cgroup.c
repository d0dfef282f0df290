/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/json_scan.h"

#define CGROUPS "/sys/fs/cgroup/"
/* A container may make cgroups below its own; deeper ones than that are left alone. */
#define DEPTH_MAX 16
/* More lines than that are no list of tasks: a kernel has 4 million of them at most. */
#define TASKS_MAX (64u * 1024 * 1024)

/* The freezer will be written to, so a path must be below the cgroups, on one line, without "..".
 */
static bool is_credible(const char *path)
{
	struct stat st;

	if (strncmp(path, CGROUPS, strlen(CGROUPS)) != 0 || strstr(path, "/.."))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Version 2 has one cgroup for all controllers, whose name in runc's file is empty. */
static char *dir_named(const struct runc_state *state, const char *controller)
{
	CLEANUP_FREE char *member = str_fmt("cgroup_paths.%s", controller);
	CLEANUP_FREE char *path = state->text ? json_scan(state->text, state->len, member) : NULL;

	if (!path || !is_credible(path))
		return NULL;
	char *ret = path;
	path = NULL;
	return ret;
}

char *cgroup_dir(const struct runc_state *state, const char *controller)
{
	char *dir = dir_named(state, controller);

	return dir ? dir : dir_named(state, "");
}

char *cgroup_freezer(const struct runc_state *state)
{
	CLEANUP_FREE char *v1 = dir_named(state, "freezer");
	CLEANUP_FREE char *v2 = v1 ? NULL : dir_named(state, "");

	if (v1)
		return str_fmt("%s/freezer.state", v1);
	return v2 ? str_fmt("%s/cgroup.freeze", v2) : NULL;
}

static bool is_v2(const char *freezer)
{
	const char *slash = strrchr(freezer, '/');

	return slash && strcmp(slash, "/cgroup.freeze") == 0;
}

int cgroup_set_frozen(const char *freezer, bool frozen)
{
	const char *word = is_v2(freezer) ? (frozen ? "1" : "0") : frozen ? "FROZEN" : "THAWED";
	int fd = open(freezer, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	ssize_t n = write(fd, word, strlen(word));
	int saved = errno;
	(void)close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

/* Reads a file of a cgroup, max bytes at most. */
static void read_file(int dir, const char *name, size_t max, struct buf *ret)
{
	char chunk[4096];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	while (ret->len < max && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(ret, chunk, (size_t)n);
	(void)close(fd);
}

/* In version 2 cgroup.freeze says what is asked for, and cgroup.events what is. */
bool cgroup_is_frozen(const char *freezer)
{
	CLEANUP_BUF struct buf text = {0};

	if (!is_v2(freezer)) {
		read_file(AT_FDCWD, freezer, 64, &text);
		return strcmp(str_trim(strdupa(buf_str(&text))), "FROZEN") == 0;
	}
	CLEANUP_FREE char *events =
		str_fmt("%.*s/cgroup.events", (int)(strrchr(freezer, '/') - freezer), freezer);
	read_file(AT_FDCWD, events, 4096, &text);
	const char *value = strstr(buf_str(&text), "frozen ");
	return value && value[strlen("frozen ")] == '1';
}

static void add_tasks(int dir, const char *file, struct pids *ret)
{
	CLEANUP_BUF struct buf text = {0};
	char *save = NULL;

	read_file(dir, file, TASKS_MAX, &text);
	if (!text.s)
		return;
	for (char *line = strtok_r(text.s, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int tid = atoi(line);
		if (tid > 0)
			pids_add(ret, tid);
	}
}

static void walk(int fd, const char *file, int depth, struct pids *ret)
{
	DIR *dir = fdopendir(fd);

	if (!dir) {
		(void)close(fd);
		return;
	}
	add_tasks(dirfd(dir), file, ret);
	for (struct dirent *e; depth > 0 && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		int child = openat(dirfd(dir), e->d_name,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			walk(child, file, depth - 1, ret);
	}
	(void)closedir(dir);
}

/* A task that moves from one cgroup to another meanwhile may be missing or come twice; frozen ones
 * don't. */
void cgroup_tasks(const char *freezer, struct pids *ret)
{
	CLEANUP_FREE char *path = str_dupn(freezer, (size_t)(strrchr(freezer, '/') - freezer));
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		walk(fd, is_v2(freezer) ? "cgroup.threads" : "tasks", DEPTH_MAX, ret);
}

/* Not every controller is set for containers; pids is. */
void cgroup_processes(const struct runc_state *state, struct pids *ret)
{
	CLEANUP_FREE char *path = cgroup_dir(state, "pids");
	int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		walk(fd, "cgroup.procs", DEPTH_MAX, ret);
	if (!ret->n && state->pid > 0)
		pids_add(ret, state->pid);
}
