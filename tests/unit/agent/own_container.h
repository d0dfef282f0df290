/* SPDX-License-Identifier: MIT */
/* Processes of the test's own as a container's, and what the walk over them tells. */
#ifndef CMIGRATE_TEST_OWN_CONTAINER_H
#define CMIGRATE_TEST_OWN_CONTAINER_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/container/container_facts.h"
#include "own_run.h"

#define DIR "/run/c1"
#define PIDS "/sys/fs/cgroup/pids/c1"
#define MEMORY "/sys/fs/cgroup/memory/c1"

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			perror(#condition);                                                        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static pid_t children[8];
static size_t n_children;
/* Its configuration in runc's state, from "{"; NULL: nothing is known of its mounts. */
static const char *container_config;

/* A child of this process, which has done this and then waits. */
static inline pid_t child_after(void (*deed)(void))
{
	int ready[2];
	char byte;

	MUST(pipe2(ready, O_CLOEXEC) == 0);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		deed();
		MUST(write(ready[1], "x", 1) == 1);
		for (;;)
			(void)pause();
	}
	MUST(close(ready[1]) == 0 && read(ready[0], &byte, 1) == 1 && close(ready[0]) == 0);
	return pid;
}

/* The same as one of the container's processes, the first one first. */
static inline pid_t start(void (*deed)(void))
{
	pid_t pid = child_after(deed);

	children[n_children++] = pid;
	return pid;
}

/* What is told of all processes that were started, the first one first. Owned by the caller. */
static inline char *facts(void)
{
	CLEANUP_BUF struct buf procs = {0};
	CLEANUP_FREE char *text = str_fmt("{\"cgroup_paths\":{\"pids\":\"" PIDS
					  "\",\"memory\":\"" MEMORY "\"},\"config\":%s}",
					  container_config ? container_config : "{}");
	struct request req = {.wake = -1};
	struct runc_state state = {
		.status = (char *)"running",
		.pid = children[0],
		.rootfs = container_config ? (char *)"/" : NULL,
		.bundle = (char *)"/run",
		.text = text,
	};

	for (size_t i = 0; i < n_children; i++)
		buf_printf(&procs, "%d\n", (int)children[i]);
	own_run_write(PIDS "/cgroup.procs", buf_str(&procs));
	state.len = strlen(state.text);
	assert_int_equal(container_facts(&req, &state), 0);
	assert_string_equal(buf_str(&req.err), "");
	return buf_steal(&req.out);
}

static inline void expect(const char *told, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	MUST(vasprintf(&line, fmt, ap) >= 0);
	va_end(ap);
	CLEANUP_FREE char *all = str_fmt("\n%s", told);
	CLEANUP_FREE char *whole = str_fmt("\n%s\n", line);
	if (!strstr(all, whole))
		fail_msg("no line '%s' in:\n%s", line, told);
	free(line);
}

static inline size_t count(const char *told, const char *key)
{
	CLEANUP_FREE char *all = str_fmt("\n%s", told), *start = str_fmt("\n%s=", key);
	size_t n = 0;

	for (const char *p = all; (p = strstr(p, start)) != NULL; p++)
		n++;
	return n;
}

static inline int set_up(void **state)
{
	(void)state;
	return system("mkdir -p " DIR " " PIDS "/below " MEMORY);
}

static inline void end_children(void)
{
	for (size_t i = 0; i < n_children; i++) {
		(void)kill(children[i], SIGKILL);
		(void)waitpid(children[i], NULL, 0);
	}
	n_children = 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	end_children();
	return system("rm -rf " DIR " /sys/fs/cgroup/*");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
