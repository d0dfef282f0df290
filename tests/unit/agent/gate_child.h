/* SPDX-License-Identifier: MIT */
/* gate_child: a prepared source, and what CRIU would execute, as a process of the test's own. */
#ifndef CMIGRATE_TEST_GATE_CHILD_H
#define CMIGRATE_TEST_GATE_CHILD_H

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/dump/gate.h"
#include "agent/request/agent_file.h"
#include "agent/request/process.h"
#include "asked.h"
#include "own_run.h"

#define ROOT "/run/containers"
#define ID "20260102T030405-0a1b2c3d"
#define BUNDLE ROOT "/web"
#define IMAGES BUNDLE "/.cmigrate/images-" ID
#define RUN "/run/cmigrate/web"
#define WEB "container=web"
#define ASK(...) ask(ROOT, NULL, __VA_ARGS__, NULL)

static inline void make_root(void)
{
	own_run_enter();
	if (mkdir(ROOT, 0700) < 0 || mkdir(BUNDLE, 0700) < 0 ||
	    mkdir(BUNDLE "/.cmigrate", 0700) < 0)
		abort();
	agent_file_init("/bin/true", NULL);
}

static inline void prepare(const char *role)
{
	CLEANUP_FREE char *word = str_fmt("role=%s", role);
	CLEANUP_ASKED struct asked done = ASK("prepare", WEB, "id=" ID, word);

	if (done.status != 0)
		fail_msg("%s", done.err);
}

/* A child that does this, and ends with what it returns. */
static inline pid_t child_of(int (*run)(const void *what), const void *what)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(what));
	}
	return pid;
}

static inline int run_gate(const void *action)
{
	if (setenv("CRTOOLS_SCRIPT_ACTION", action, 1) < 0)
		return 99;
	if (!getenv("CRTOOLS_IMAGE_DIR"))
		(void)setenv("CRTOOLS_IMAGE_DIR", IMAGES, 1);
	return gate_main(RUN "/gate");
}

static inline pid_t gate(const char *action)
{
	return child_of(run_gate, action);
}

/* Its exit status, or 128 + signal. */
static inline int end_of(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What the agent hears of it; owned by the caller. */
static inline char *line_of(const char *op)
{
	CLEANUP_FREE char *word = str_fmt("op=%s", op);
	struct asked heard = ASK("await-gate", WEB, word);

	assert_int_equal(heard.status, 0);
	free(heard.err);
	return heard.out;
}

static inline int verdict(const char *op)
{
	CLEANUP_FREE char *word = str_fmt("op=%s", op);
	CLEANUP_ASKED struct asked given = ASK("verdict", WEB, word);

	return given.status;
}

static inline void dump_go(void)
{
	CLEANUP_ASKED struct asked done = ASK("dump-go", WEB);

	if (done.status != 0)
		fail_msg("%s", done.err);
}

static inline void clean_up(void)
{
	CLEANUP_ASKED struct asked done = ASK("clean", WEB, "id=" ID, "images=move");

	if (done.status != 0)
		fail_msg("%s", done.err);
	assert_int_not_equal(access(RUN, F_OK), 0);
	assert_int_not_equal(access(IMAGES, F_OK), 0);
}

/* The record of the session that a process leads (session.h). */
static inline void record_session(pid_t leader)
{
	struct process p;

	assert_true(process_read(leader, &p));
	CLEANUP_FREE char *target = str_fmt("%d.%llu", (int)leader, p.start);
	(void)unlink(RUN "/dump.session");
	assert_int_equal(symlink(target, RUN "/dump.session"), 0);
}

/* A leader of a session, called like this, that waits for its end. */
static inline __attribute__((noreturn)) int idle_as(const void *name)
{
	(void)prctl(PR_SET_NAME, name);
	(void)setsid();
	for (;;)
		(void)pause();
}

static inline void await_session(pid_t pid)
{
	struct process p;

	while (!process_read(pid, &p) || p.session != pid)
		(void)usleep(1000);
}

#endif
