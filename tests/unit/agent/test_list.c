/* SPDX-License-Identifier: MIT */
/* What a host tells of its containers, from files of runc's and processes of the test's own. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "asked.h"
#include "own_run.h"

#define ROOT "/run/root"
#define PIDS "/sys/fs/cgroup/pids"
#define MEMORY "/sys/fs/cgroup/memory"

/* A container whose first process this is. */
static void write_state(const char *name, pid_t pid, const char *bundle)
{
	struct process process = {0};
	CLEANUP_FREE char *path = str_fmt("/run/runc/%s/state.json", name);
	CLEANUP_FREE char *command =
		str_fmt("mkdir -p /run/runc/%s " PIDS "/%s " MEMORY "/%s", name, name, name);

	(void)process_read(pid, &process);
	CLEANUP_FREE char *text = str_fmt(
		"{\"id\":\"%s\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
		"\"created\":\"2024-05-06T07:08:09Z\",\"config\":{\"rootfs\":\"/\",\"labels\":["
		"\"org.cmigrate.address=10.0.0.7/24\",\"secret=x\",\"bundle=%s\"]},"
		"\"cgroup_paths\":{\"pids\":\"" PIDS "/%s\",\"memory\":\"" MEMORY "/%s\"}}",
		name, (int)pid, process.start, bundle, name, name);
	if (system(command) != 0)
		abort();
	own_run_write(path, text);
}

static int set_up(void **state)
{
	(void)state;
	return system("mkdir -p " ROOT "/web/.cmigrate " ROOT "/db /run/cmigrate/web");
}

static int tear_down(void **state)
{
	(void)state;
	return system("rm -rf /run/runc/* /run/root /run/cmigrate /sys/fs/cgroup/*");
}

static pid_t start(size_t memory)
{
	int ready[2];
	char byte;

	if (pipe(ready) < 0)
		abort();
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		char *bytes = mmap(NULL, memory + 1, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(bytes, 1, memory + 1);
		if (write(ready[1], "x", 1) == 1)
			for (;;)
				(void)pause();
		abort();
	}
	(void)close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		abort();
	(void)close(ready[0]);
	return pid;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void expect(const struct asked *asked, int status, const char *out)
{
	if (asked->status != status || strcmp(asked->out, out) != 0)
		fail_msg("%d, %s, %s", asked->status, asked->out, asked->err);
}

static void no_container(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked plain = ask(ROOT, NULL, "list", "op=plain", NULL);
	assert_int_equal(plain.status, 0);
	assert_non_null(strstr(plain.out, "\nlist=[]\n"));
	assert_non_null(strstr(plain.out, "now="));
	assert_null(strstr(plain.out, "addr="));
	assert_null(strstr(plain.out, "memory"));
	CLEANUP_ASKED struct asked wrong = ask(ROOT, NULL, "list", "op=all", NULL);
	assert_int_equal(wrong.status, 1);
	CLEANUP_ASKED struct asked with = ask(ROOT, NULL, "list", "op=addresses", NULL);
	assert_non_null(strstr(with.out, "\naddr=[{"));
}

static void two_containers(void **state)
{
	pid_t first = start(0), second = start(8 << 20);
	CLEANUP_FREE char *procs = str_fmt("%d\n%d\n0\n", (int)first, (int)second);
	CLEANUP_FREE char *line = str_fmt("\nmemory=%d ", (int)first);
	unsigned long long bytes;
	unsigned n;

	(void)state;
	write_state("web", first, ROOT "/web");
	write_state("db", -1, ROOT "/db");
	own_run_write(PIDS "/web/cgroup.procs", procs);
	/* One that nobody understands hides no other. */
	if (system("mkdir /run/runc/torn && echo '{' >/run/runc/torn/state.json") != 0)
		abort();
	CLEANUP_ASKED struct asked asked = ask(ROOT, NULL, "list", "op=plain", NULL);
	end(first);
	end(second);
	assert_int_equal(asked.status, 0);
	CLEANUP_FREE char *list =
		str_fmt("\nlist=[{\"pid\":0,\"id\":\"db\",\"status\":\"stopped\",\"bundle\":\"" ROOT
			"/db\",\"created\":\"2024-05-06T07:08:09Z\",\"annotations\":{"
			"\"org.cmigrate.address\":\"10.0.0.7/24\"}},"
			"{\"pid\":%d,\"id\":\"web\",\"status\":\"running\",\"bundle\":\"" ROOT
			"/web\",\"created\":\"2024-05-06T07:08:09Z\",\"annotations\":{"
			"\"org.cmigrate.address\":\"10.0.0.7/24\"}}]\n",
			(int)first);
	if (!strstr(asked.out, list))
		fail_msg("%s", asked.out);
	const char *memory = strstr(asked.out, line);
	assert_non_null(memory);
	assert_int_equal(sscanf(memory + strlen(line), "%llu %u", &bytes, &n), 2);
	assert_int_equal(n, 2);
	assert_true(bytes >= 8 << 20 && bytes < 64 << 20);
	assert_non_null(strstr(asked.err, "torn"));
}

static void load_pins_and_moves(void **state)
{
	CLEANUP_FREE char *work = str_fmt("\nwork=%d ", (int)getpid());

	(void)state;
	write_state("web", getpid(), ROOT "/web");
	own_run_write(ROOT "/web/config.json",
		      "{\"annotations\":{\"org.cmigrate.pin\" : \"true\","
		      "\"org.cmigrate.hosts\":\"a, b\",\"org.cmigrate.group\":\"web:spread\"}}");
	own_run_write(ROOT "/web/.cmigrate/journal", "");
	write_state("db", -1, ROOT "/db");
	own_run_write(ROOT "/db/config.json",
		      "{\"process\":{\"args\":[\"org.cmigrate.pin\",\"true\"]}}");
	CLEANUP_ASKED struct asked asked = ask(ROOT, NULL, "list", "op=load", NULL);
	assert_int_equal(asked.status, 0);
	assert_non_null(strstr(asked.out, "\npin=" ROOT "/web\n"));
	assert_non_null(strstr(asked.out, "\nin-move=" ROOT "/web\n"));
	assert_non_null(strstr(asked.out, "\ngroup=web:spread " ROOT "/web\n"));
	assert_non_null(strstr(asked.out, "\nhosts=a,,b " ROOT "/web\n"));
	assert_null(strstr(asked.out, "=" ROOT "/db\n"));
	assert_non_null(strstr(asked.out, work));
	static const char *const keys[] = {"memory-total", "memory-available", "cpus", "loadavg"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		CLEANUP_FREE char *key = str_fmt("\n%s=", keys[i]);
		const char *fact = strstr(asked.out, key);
		if (!fact || strtod(fact + strlen(key), NULL) < 0)
			fail_msg("%s: %s", keys[i], asked.out);
	}
	/* Only for the fleet. */
	CLEANUP_ASKED struct asked plain = ask(ROOT, NULL, "list", "op=plain", NULL);
	assert_null(strstr(plain.out, "pin="));
	assert_null(strstr(plain.out, "work="));
	assert_non_null(strstr(plain.out, "in-move="));
}

static void stub_runc(void)
{
	if (setenv("PATH", ROOT ":/usr/bin:/bin", 1) < 0)
		abort();
	own_run_write(ROOT "/runc", "#!/bin/sh\nexit 1\n");
	if (chmod(ROOT "/runc", 0700) < 0)
		abort();
}

/* No runc is started for these. */
static void the_state_of_one(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = ask(ROOT, NULL, "state", "container=web", NULL);
	expect(&none, 0, "");
	write_state("web", getpid(), ROOT "/web");
	CLEANUP_ASKED struct asked without = ask(ROOT, NULL, "state", "container=web", NULL);
	expect(&without, 1, "");
	stub_runc();
	CLEANUP_ASKED struct asked there = ask(ROOT, NULL, "state", "container=web", NULL);
	assert_int_equal(there.status, 0);
	assert_non_null(strstr(there.out, "state={\"pid\":"));
	own_run_write("/run/runc/web/state.json", "{");
	CLEANUP_ASKED struct asked torn = ask(ROOT, NULL, "state", "container=web", NULL);
	expect(&torn, 1, "");
}

static void its_end_is_waited_for(void **state)
{
	pid_t pid = start(0);

	(void)state;
	stub_runc();
	write_state("web", pid, ROOT "/web");
	/* It ends while somebody waits. */
	if (fork() == 0) {
		(void)usleep(50000);
		(void)kill(pid, SIGKILL);
		_exit(0);
	}
	CLEANUP_ASKED struct asked ended =
		ask(ROOT, NULL, "state", "container=web", "seconds=60", NULL);
	assert_int_equal(ended.status, 0);
	assert_non_null(strstr(ended.out, "\"status\":\"stopped\""));
	end(pid);
	(void)wait(NULL);
	write_state("web", getpid(), ROOT "/web");
	CLEANUP_ASKED struct asked runs =
		ask(ROOT, NULL, "state", "container=web", "seconds=1", NULL);
	assert_non_null(strstr(runs.out, "\"status\":\"running\""));
}

static void the_status_of_one(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked without = ask(ROOT, NULL, "status", "container=web", NULL);
	expect(&without, 1, "");
	stub_runc();
	CLEANUP_ASKED struct asked none = ask(ROOT, NULL, "status", "container=web", NULL);
	expect(&none, 0, "");
	write_state("web", getpid(), ROOT "/web");
	CLEANUP_ASKED struct asked there = ask(ROOT, NULL, "status", "container=web", NULL);
	expect(&there, 0, "running\n");
	write_state("web", getpid(), ROOT "/db");
	CLEANUP_ASKED struct asked foreign = ask(ROOT, NULL, "status", "container=web", NULL);
	expect(&foreign, 1, "");
	assert_string_equal(foreign.err,
			    "another container is called 'web' there, of '" ROOT "/db'\n");
}

/* Ends the first process of a pid namespace while a process in there has its parent outside: until
 * that takes note of its end, the first one can't go. Returns the process to end afterwards. */
static pid_t end_slowly(pid_t *ret_first)
{
	int told[2];
	pid_t pid, first;

	if (pipe(told) < 0)
		abort();
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWPID) < 0)
			abort();
		for (int i = 0; i < 2; i++) {
			pid_t child = fork();
			while (child == 0)
				(void)pause();
			first = i == 0 ? child : first;
		}
		if (kill(first, SIGKILL) < 0 || write(told[1], &first, sizeof(first)) < 0)
			abort();
		for (;;)
			(void)pause();
	}
	if (read(told[0], ret_first, sizeof(*ret_first)) != sizeof(*ret_first))
		abort();
	(void)close(told[0]);
	(void)close(told[1]);
	return pid;
}

/* For runc it runs until its first process is gone. */
static void one_that_is_about_to_end(void **state)
{
	struct process process;
	pid_t first, parent = end_slowly(&first);

	(void)state;
	stub_runc();
	do
		assert_true(process_read(first, &process));
	while (!(process.flags & PROCESS_EXITING));
	assert_int_not_equal(process.state, 'Z');
	write_state("web", first, ROOT "/web");
	CLEANUP_ASKED struct asked runc = ask(ROOT, NULL, "state", "container=web", NULL);
	CLEANUP_ASKED struct asked ours = ask(ROOT, NULL, "status", "container=web", NULL);
	end(parent);
	assert_non_null(strstr(runc.out, "\"status\":\"running\""));
	expect(&ours, 0, "stopped\n");
}

/* A dump's record with a process of this name in its session. */
static pid_t hold(const char *name)
{
	struct process process;
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setsid();
		(void)prctl(PR_SET_NAME, name);
		for (;;)
			(void)pause();
	}
	do
		assert_true(process_read(pid, &process));
	while (process.session != pid || strcmp(process.comm, name) != 0);
	CLEANUP_FREE char *record = str_fmt("%d.%llu", (int)pid, process.start);
	assert_int_equal(symlink(record, "/run/cmigrate/web/dump.session"), 0);
	return pid;
}

/* At a gate, runc calls a container running. */
static void at_the_gate(void **state)
{
	static const char *const holders[] = {"runc:[x", "criu"};

	(void)state;
	stub_runc();
	write_state("web", getpid(), ROOT "/web");
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = hold(holders[i]);
		CLEANUP_ASKED struct asked held = ask(ROOT, NULL, "status", "container=web", NULL);
		expect(&held, 0, "gate\n");
		end(pid);
		CLEANUP_ASKED struct asked gone = ask(ROOT, NULL, "status", "container=web", NULL);
		expect(&gone, 0, "running\n");
		assert_int_equal(unlink("/run/cmigrate/web/dump.session"), 0);
	}
	/* The gate that a killed criu has left holds nobody. */
	pid_t gate = hold("sh");
	CLEANUP_ASKED struct asked left = ask(ROOT, NULL, "status", "container=web", NULL);
	expect(&left, 0, "running\n");
	end(gate);
}

static void killed_for_memory(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&none, 0, "");
	write_state("web", getpid(), ROOT "/web");
	CLEANUP_ASKED struct asked no_file = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&no_file, 0, "");
	own_run_write(MEMORY "/web/memory.oom_control", "oom_kill_disable 1\noom_kill 0\n");
	CLEANUP_ASKED struct asked whole = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&whole, 0, "");
	own_run_write(MEMORY "/web/memory.oom_control", "oom_kill_disable 0\noom_kill 2\n");
	CLEANUP_ASKED struct asked v1 = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&v1, 1, "");
	assert_string_equal(v1.err, "a process of it was killed for want of memory\n");
	assert_int_equal(unlink(MEMORY "/web/memory.oom_control"), 0);
	own_run_write(MEMORY "/web/memory.events", "low 0\noom 3\noom_kill 0\n");
	CLEANUP_ASKED struct asked calm = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&calm, 0, "");
	own_run_write(MEMORY "/web/memory.events", "low 0\noom 3\noom_kill 1\n");
	CLEANUP_ASKED struct asked v2 = ask(ROOT, NULL, "whole", "container=web", NULL);
	expect(&v2, 1, "");
}

static int forget_runc(void **state)
{
	if (setenv("PATH", "/usr/bin:/bin", 1) < 0)
		abort();
	return set_up(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, forget_runc, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_container),
		TEST(two_containers),
		TEST(load_pins_and_moves),
		TEST(the_state_of_one),
		TEST(its_end_is_waited_for),
		TEST(the_status_of_one),
		TEST(one_that_is_about_to_end),
		TEST(at_the_gate),
		TEST(killed_for_memory),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
