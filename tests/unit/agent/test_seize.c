/* SPDX-License-Identifier: MIT */
/* Which tasks CRIU lacks, and what becomes of it: real processes, stopped, traced or in a vfork. A
 * tracer of the test's own stands in for CRIU, and a directory for the cgroup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <sys/ptrace.h>

#include "agent/unheld.h"
#include "gate_child.h"

#define FREEZER_DIR "/sys/fs/cgroup/freezer/web"

struct traced {
	const char *name;
	pid_t task; /* 0: none */
};

static __attribute__((noreturn)) int idle(const void *unused)
{
	(void)unused;
	for (;;)
		(void)pause();
}

/* Holds a task as CRIU does. */
static int trace(const void *what)
{
	const struct traced *t = what;

	(void)prctl(PR_SET_NAME, t->name);
	if (t->task && (ptrace(PTRACE_SEIZE, t->task, NULL, NULL) != 0 ||
			ptrace(PTRACE_INTERRUPT, t->task, NULL, NULL) != 0))
		return 99;
	(void)setsid();
	idle(NULL);
}

static pid_t tracer(const char *name, pid_t task)
{
	const struct traced t = {name, task};
	pid_t pid = child_of(trace, &t), by;

	await_session(pid);
	while (task && (task_state(task, &by) != 't' || by != pid))
		(void)usleep(1000);
	return pid;
}

static __attribute__((noinline)) int in_vfork(const void *unused)
{
	(void)unused;
	pid_t pid = vfork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	return 0;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)end_of(pid);
}

static void await_state(pid_t pid, char state)
{
	pid_t by;

	while (task_state(pid, &by) != state)
		(void)usleep(1000);
}

static void finds(void **state)
{
	CLEANUP_PIDS struct pids tasks = {0};
	struct unheld found;

	(void)state;
	pid_t held = child_of(idle, NULL), stopped = child_of(idle, NULL);
	pid_t forks = child_of(in_vfork, NULL), other = child_of(idle, NULL);
	pid_t criu = tracer("criu", held), debugger = tracer("gdb", other);
	assert_int_equal(kill(stopped, SIGSTOP), 0);
	await_state(stopped, 'T');
	await_state(forks, 'D');

	pids_add(&tasks, held);
	assert_false(unheld_find(&tasks, criu, &found));
	pids_add(&tasks, stopped);
	assert_true(unheld_find(&tasks, criu, &found));
	assert_int_equal(found.task, stopped);
	assert_int_equal(found.state, 'T');
	/* One in state D is the likelier cause. */
	pids_add(&tasks, forks);
	assert_true(unheld_find(&tasks, criu, &found));
	assert_int_equal(found.task, forks);
	assert_int_equal(found.state, 'D');
	/* And one that is traced is it. */
	pids_add(&tasks, other);
	assert_true(unheld_find(&tasks, criu, &found));
	assert_int_equal(found.task, other);
	assert_int_equal(found.tracer, debugger);
	for (pid_t *pid = (pid_t[]){criu, debugger, held, stopped, forks, other, 0}; *pid; pid++)
		end(*pid);
	/* Those that are gone are held by nobody. */
	assert_false(unheld_find(&tasks, criu, &found));
}

static void zombies(void **state)
{
	CLEANUP_PIDS struct pids tasks = {0};
	struct unheld found;

	(void)state;
	pid_t pid = child_of(idle, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	await_state(pid, 'Z');
	pids_add(&tasks, pid);
	assert_false(unheld_find(&tasks, getpid(), &found));
	(void)end_of(pid);
}

/* A container whose cgroup has these tasks. */
static void make_container(pid_t first, pid_t second)
{
	struct process p;

	assert_true(process_read(first, &p));
	CLEANUP_FREE char *tasks =
		second ? str_fmt("%d\n%d\n", (int)first, (int)second) : str_fmt("%d\n", (int)first);
	CLEANUP_FREE char *text =
		str_fmt("{\"id\":\"web\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
			"\"cgroup_paths\":{\"freezer\":\"" FREEZER_DIR "\"}}",
			(int)first, p.start);
	own_run_write(FREEZER_DIR "/tasks", tasks);
	own_run_write(FREEZER_DIR "/freezer.state", "FROZEN\n");
	own_run_write("/run/runc/web/state.json", text);
}

static bool is_frozen(void)
{
	char word[16] = "";
	FILE *f = fopen(FREEZER_DIR "/freezer.state", "re");
	assert_non_null(f);
	assert_non_null(fgets(word, sizeof(word), f));
	(void)fclose(f);
	return strncmp(word, "FROZEN", 6) == 0;
}

static void go(void)
{
	assert_int_equal(link(RUN "/say-open", RUN "/began"), 0);
}

static struct asked seize(void)
{
	return ASK("seize", WEB, "id=" ID);
}

static void unseized(const char *why, pid_t first, pid_t second, pid_t criu)
{
	make_container(first, second);
	record_session(criu);
	go();
	CLEANUP_ASKED struct asked done = seize();
	assert_int_equal(done.status, 1);
	assert_string_equal(done.out, why);
	assert_int_equal(end_of(criu), 128 + SIGKILL);
	assert_false(is_frozen());
}

static void one_that_is_not_held(void **state)
{
	(void)state;
	prepare("source");
	pid_t held = child_of(idle, NULL), free = child_of(in_vfork, NULL);
	await_state(free, 'D');
	pid_t criu = tracer("criu", held);
	CLEANUP_FREE char *why = str_fmt("%d (test_seize) is in state D\n", (int)free);
	unseized(why, held, free, criu);
	end(held);
	end(free);
	clean_up();
}

static void one_that_another_traces(void **state)
{
	(void)state;
	prepare("source");
	pid_t task = child_of(idle, NULL), debugger = tracer("gdb", task);
	pid_t criu = tracer("criu", 0);
	CLEANUP_FREE char *why =
		str_fmt("%d (test_seize) is traced by process %d\n", (int)task, (int)debugger);
	unseized(why, task, 0, criu);
	end(debugger);
	end(task);
	clean_up();
}

/* It holds all, or has images: it is left alone. */
static void seized(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		prepare("source");
		pid_t task = child_of(idle, NULL), criu = tracer("criu", i == 0 ? task : 0);
		make_container(task, 0);
		record_session(criu);
		go();
		if (i == 1)
			own_run_write(IMAGES "/core-1.img", "");
		else if (i == 2)
			own_run_write(RUN "/at-reached", "");
		else if (i == 3)
			end(criu);
		CLEANUP_ASKED struct asked done = seize();
		assert_int_equal(done.status, 0);
		assert_string_equal(done.out, "");
		assert_true(is_frozen());
		if (i < 3) {
			assert_int_equal(waitpid(criu, NULL, WNOHANG), 0);
			end(criu);
		}
		end(task);
		clean_up();
	}
}

static int seizes(const void *unused)
{
	(void)unused;
	CLEANUP_ASKED struct asked done = seize();
	return done.status;
}

/* Without the word to go on nothing is judged; a gate that is closed, or gone, ends the wait. */
static void waits_for_the_word(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		prepare("source");
		pid_t task = child_of(idle, NULL), criu = tracer("criu", 0);
		make_container(task, 0);
		record_session(criu);
		pid_t waiter = child_of(seizes, NULL);
		/* Longer than CRIU would have. */
		(void)usleep(1200 * 1000);
		assert_int_equal(waitpid(waiter, NULL, WNOHANG), 0);
		assert_int_equal(waitpid(criu, NULL, WNOHANG), 0);
		if (i == 0)
			go();
		else if (i == 1)
			assert_int_equal(verdict("close"), 0);
		else
			clean_up();
		assert_int_equal(end_of(waiter), i == 0);
		if (i > 0)
			(void)kill(criu, SIGKILL);
		assert_int_equal(end_of(criu), 128 + SIGKILL);
		end(task);
		if (i < 2)
			clean_up();
	}
}

static int set_up(void **state)
{
	(void)state;
	make_root();
	return mkdir("/sys/fs/cgroup/freezer", 0700) || mkdir(FREEZER_DIR, 0700) ||
	       mkdir("/run/runc/web", 0700);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(zombies),
		cmocka_unit_test(one_that_is_not_held),
		cmocka_unit_test(one_that_another_traces),
		cmocka_unit_test(seized),
		cmocka_unit_test(waits_for_the_word),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
