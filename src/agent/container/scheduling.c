/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "cgroup.h"
#include "walk.h"

#define SLACK_DEFAULT 50000
#define LIST_MAX 4096
/* A process with more threads is not looked at thread by thread. */
#define TASKS_MAX 4096

/* "0-3,8" (cpuset(7)). */
static bool parse_list(const char *text, cpu_set_t *ret)
{
	unsigned from, to;
	int used;

	CPU_ZERO(ret);
	for (; sscanf(text, "%u%n", &from, &used) == 1; text += *text == ',') {
		text += used;
		to = from;
		if (*text == '-' && sscanf(text, "-%u%n", &to, &used) == 1)
			text += used;
		for (unsigned i = from; i <= to && i < CPU_SETSIZE; i++)
			CPU_SET(i, ret);
	}
	return CPU_COUNT(ret) > 0;
}

/* The CPUs that a process of the container has if it asks for none: its cpuset's, or ours. */
static bool all_cpus(const struct runc_state *state, cpu_set_t *ret)
{
	static const char *const files[] = {"cpuset.cpus.effective", "cpuset.effective_cpus"};
	CLEANUP_FREE char *dir = cgroup_dir(state, "cpuset");

	for (size_t i = 0; dir && i < sizeof(files) / sizeof(*files); i++) {
		CLEANUP_FREE char *path = str_fmt("%s/%s", dir, files[i]);
		char text[LIST_MAX] = "";
		FILE *f = fopen(path, "re");
		bool read = f && fgets(text, sizeof(text), f);
		if (f)
			(void)fclose(f);
		if (read && parse_list(text, ret))
			return true;
	}
	return sched_getaffinity(0, sizeof(*ret), ret) == 0;
}

static void add_cpus(pid_t pid, const cpu_set_t *all, struct buf *ret)
{
	cpu_set_t own;

	if (sched_getaffinity(pid, sizeof(own), &own) < 0)
		return;
	CPU_AND(&own, &own, all);
	if (!CPU_EQUAL(&own, all))
		buf_printf(ret, ", %d of %d CPUs", CPU_COUNT(&own), CPU_COUNT(all));
}

/* A process that has set none is told the one that follows from its nice value. */
static void add_io_priority(pid_t pid, struct buf *ret)
{
	long priority = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid);
	int policy = sched_getscheduler(pid);

	errno = 0;
	int nice = getpriority(PRIO_PROCESS, (id_t)pid);
	if (priority < 0 || errno || (policy != SCHED_OTHER && policy != SCHED_BATCH))
		return;
	long class = priority >> IOPRIO_CLASS_SHIFT, level = priority & 7;
	if (class == IOPRIO_CLASS_NONE || (class == IOPRIO_CLASS_BE && level == (nice + 20) / 5))
		return;
	buf_printf(ret, ", I/O priority %ld of class %ld", level, class);
}

static void add_slack(pid_t pid, struct buf *ret)
{
	CLEANUP_FREE char *text = process_file(pid, "timerslack_ns", 64, NULL);
	unsigned long long slack = text ? strtoull(text, NULL, 10) : 0;

	/* 0: of a real-time process. */
	if (slack && slack != SLACK_DEFAULT)
		buf_printf(ret, ", timer slack %llu ns", slack);
}

/* A hexadecimal number. False: the process has ended. */
static bool read_setting(pid_t pid, const char *file, unsigned long long *ret)
{
	CLEANUP_FREE char *text = process_file(pid, file, 64, NULL);

	*ret = text ? strtoull(text, NULL, 16) : 0;
	return text && *text;
}

/* Which memory a core dump has (core(5)), and personality(2). A restored process has those of the
 * agent there. */
static const char *const settings[][2] = {{"coredump_filter", "core dumps of"},
					  {"personality", "personality"}};
#define N_SETTINGS (sizeof(settings) / sizeof(*settings))

struct usual {
	cpu_set_t set;
	const cpu_set_t *cpus; /* NULL: not known */
	unsigned long long values[N_SETTINGS];
	bool known[N_SETTINGS];
};

static void read_usual(const struct runc_state *state, struct usual *ret)
{
	ret->cpus = all_cpus(state, &ret->set) ? &ret->set : NULL;
	for (size_t i = 0; i < N_SETTINGS; i++)
		ret->known[i] = read_setting(getpid(), settings[i][0], &ret->values[i]);
}

static void add_settings(pid_t pid, const struct usual *usual, struct buf *ret)
{
	unsigned long long value;

	for (size_t i = 0; i < N_SETTINGS; i++)
		if (usual->known[i] && read_setting(pid, settings[i][0], &value) &&
		    value != usual->values[i])
			buf_printf(ret, ", %s 0x%llx", settings[i][1], value);
}

/* all NULL: not known. */
static void add_all(pid_t task, const cpu_set_t *all, struct buf *ret)
{
	if (all)
		add_cpus(task, all, ret);
	add_io_priority(task, ret);
	add_slack(task, ret);
}

/* A new thread has all this from the one that starts it. Adds those of the first thread that has
 * any. */
static void add_threads(const struct process_status *p, const cpu_set_t *all, struct buf *ret)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/task", (int)p->pid);
	DIR *dir = opendir(path);

	for (struct dirent *e; dir && !ret->len && (e = readdir(dir)) != NULL;) {
		pid_t task = atoi(e->d_name);
		if (task > 0)
			add_all(task, all, ret);
	}
	if (dir)
		(void)closedir(dir);
}

void scheduling(struct walk *walk, const struct runc_state *state)
{
	struct usual usual;

	read_usual(state, &usual);
	for (size_t i = 0; i < walk->n && !request_over(walk->req); i++) {
		const struct process_status *p = &walk->processes[i];
		CLEANUP_BUF struct buf text = {0};
		const char *of = "";
		if (!p->descends)
			continue;
		add_all(p->pid, usual.cpus, &text);
		add_settings(p->pid, &usual, &text);
		if (!text.len && p->threads > 1 && p->threads <= TASKS_MAX) {
			add_threads(p, usual.cpus, &text);
			of = ", a thread";
		}
		if (text.len)
			walk_tell(walk, "scheduling", "process %d (%s)%s%s", (int)p->pid, p->name,
				  of, buf_str(&text));
	}
}
