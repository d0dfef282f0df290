/* SPDX-License-Identifier: MIT */
/* What CRIU can't stop or keep of a container's processes, and what looks alike and moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <unistd.h>

#include "own_container.h"

/* Of the processes that a deed starts. */
static pid_t *born;

static void nothing(void)
{
}

/* A child of a process of the container. */
static pid_t bear(void (*deed)(void))
{
	born[0] = child_after(deed);
	return born[0];
}

/* The first process of a container, with one child. Returns the child. */
static pid_t start_family(void (*deed)(void))
{
	(void)start(deed);
	children[n_children++] = born[0];
	return born[0];
}

static void bear_child(void)
{
	(void)bear(nothing);
}

static size_t count_all(const char *told)
{
	return count(told, "traced") + count(told, "zombie") + count(told, "nested") +
	       count(told, "exec");
}

static void a_plain_family(void **state)
{
	(void)state;
	(void)start_family(bear_child);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count_all(told), 0);
	expect(told, "processes=2");
}

static void trace_child(void)
{
	pid_t pid = bear(nothing);

	MUST(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
}

static void traced_from_inside(void **state)
{
	(void)state;
	pid_t pid = start_family(trace_child);
	CLEANUP_FREE char *told = facts();
	expect(told, "traced=process %d (test_suspects), by process %d (test_suspects)", (int)pid,
	       (int)children[0]);
	assert_int_equal(count_all(told), 1);
}

static void *wait_long(void *arg)
{
	born[0] = gettid();
	for (;;)
		(void)pause();
	return arg;
}

/* Returns the thread. */
static pid_t make_thread(void)
{
	pthread_t thread;

	born[0] = 0;
	MUST(pthread_create(&thread, NULL, wait_long, NULL) == 0);
	while (!*(volatile pid_t *)born)
		(void)sched_yield();
	return born[0];
}

static void have_thread(void)
{
	(void)make_thread();
}

static void a_thread_traced_from_outside(void **state)
{
	(void)state;
	pid_t pid = start(have_thread);
	CLEANUP_FREE char *before = facts();
	assert_int_equal(count_all(before), 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, born[0], NULL, NULL), 0);
	CLEANUP_FREE char *told = facts();
	expect(told, "traced=process %d (test_suspects), by process %d (test_suspects)", (int)pid,
	       (int)getpid());
	assert_int_equal(ptrace(PTRACE_INTERRUPT, born[0], NULL, NULL), 0);
	assert_int_equal(waitpid(born[0], NULL, __WALL), born[0]);
	assert_int_equal(ptrace(PTRACE_DETACH, born[0], NULL, NULL), 0);
	CLEANUP_FREE char *after = facts();
	assert_int_equal(count_all(after), 0);
}

static void *outlive_leader(void *arg)
{
	char state = 0;
	CLEANUP_FREE char *path = str_fmt("/proc/%d/status", (int)getpid());

	while (state != 'Z') {
		char text[512] = "";
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		MUST(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && close(fd) == 0);
		const char *line = strstr(text, "State:\t");
		state = line ? line[strlen("State:\t")] : 0;
	}
	MUST(write(*(int *)arg, "x", 1) == 1);
	for (;;)
		(void)pause();
	return NULL;
}

/* Its first thread ends, the other one goes on. */
static void bear_zombie_leader(void)
{
	static int ready[2];
	pthread_t thread;
	char byte;

	MUST(pipe2(ready, O_CLOEXEC) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		MUST(pthread_create(&thread, NULL, outlive_leader, &ready[1]) == 0);
		pthread_exit(NULL);
	}
	MUST(read(ready[0], &byte, 1) == 1);
	born[0] = pid;
}

static void a_first_thread_that_has_ended(void **state)
{
	(void)state;
	pid_t pid = start_family(bear_zombie_leader);
	CLEANUP_FREE char *told = facts();
	expect(told, "zombie=process %d (test_suspects)", (int)pid);
	assert_int_equal(count_all(told), 1);
}

static void bear_zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	MUST(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	born[0] = pid;
}

static void a_plain_zombie(void **state)
{
	(void)state;
	(void)start_family(bear_zombie);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count_all(told), 0);
}

static int nested_flag;

static void nest(void)
{
	MUST(unshare(nested_flag) == 0);
}

static void bear_nested(void)
{
	(void)bear(nest);
}

static void namespaces_below(void **state)
{
	static const struct {
		int flag;
		const char *name;
	} rows[] = {
		{CLONE_NEWNET, "net"},
		{CLONE_NEWIPC, "ipc"},
		{CLONE_NEWUTS, "uts"},
		{CLONE_NEWUSER, "user"},
		{CLONE_NEWCGROUP, "cgroup"},
		{CLONE_NEWTIME, "time_for_children"},
		{CLONE_NEWPID, "pid_for_children"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		nested_flag = rows[i].flag;
		pid_t pid = start_family(bear_nested);
		CLEANUP_FREE char *told = facts();
		expect(told, "nested=process %d (test_suspects), %s namespace", (int)pid,
		       rows[i].name);
		assert_int_equal(count_all(told), 1);
		end_children();
	}
}

static void a_mount_namespace_below(void **state)
{
	(void)state;
	nested_flag = CLONE_NEWNS;
	(void)start_family(bear_nested);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count_all(told), 0);
}

static void a_process_that_came_in(void **state)
{
	(void)state;
	(void)start(nothing);
	pid_t pid = start(nothing);
	CLEANUP_FREE char *told = facts();
	expect(told, "exec=process %d (test_suspects)", (int)pid);
	assert_int_equal(count_all(told), 1);
}

/* What it has open is its own: nobody moves it. */
static void open_host_file(void)
{
	MUST(unshare(CLONE_NEWNS) == 0 && mount("x", DIR, "tmpfs", 0, NULL) == 0);
	MUST(open(DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
	MUST(umount2(DIR, MNT_DETACH) == 0);
}

static void files_of_a_process_that_came_in(void **state)
{
	(void)state;
	(void)start(nothing);
	pid_t pid = start(open_host_file);
	CLEANUP_FREE char *told = facts();
	CLEANUP_FREE char *its = str_fmt("stdio=process %d,", (int)pid);
	assert_null(strstr(told, its));
	expect(told, "exec=process %d (test_suspects)", (int)pid);
}

static void end_soon(void)
{
	struct sigaction act = {.sa_handler = SIG_DFL};
	struct itimerval soon = {.it_value = {.tv_usec = 200000}};

	MUST(sigaction(SIGALRM, &act, NULL) == 0 && setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

/* A health check. */
static void a_process_that_comes_and_goes(void **state)
{
	(void)state;
	(void)start(nothing);
	(void)start(end_soon);
	CLEANUP_FREE char *told = facts();
	assert_int_equal(count_all(told), 0);
}

static void outlive_parent(void)
{
	MUST(prctl(PR_SET_PDEATHSIG, 0) == 0);
}

/* A shell that was started from outside of its PID namespace, and whose parent has ended. */
static void lose_session(void)
{
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	pid_t first = fork();

	MUST(first >= 0);
	if (first == 0) {
		MUST(unshare(CLONE_NEWPID) == 0);
		(void)bear(outlive_parent);
		_exit(0);
	}
	MUST(waitpid(first, NULL, 0) == first);
}

static void a_session_outside(void **state)
{
	(void)state;
	born[0] = 0;
	pid_t pid = start_family(lose_session);
	/* It is not in the cgroup. */
	n_children = 1;
	CLEANUP_FREE char *told = facts();
	n_children = 2;
	expect(told, "exec=process %d (test_suspects), of a session outside of it", (int)pid);
	assert_int_equal(count_all(told), 1);
}

/* As nsenter starts one: its parent is outside, and it is not in the cgroup. */
static void a_process_of_its_pid_namespace(void **state)
{
	(void)state;
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	MUST(own >= 0 && unshare(CLONE_NEWPID) == 0);
	(void)start(nothing);
	pid_t pid = child_after(nothing);
	MUST(setns(own, CLONE_NEWPID) == 0 && close(own) == 0);
	CLEANUP_FREE char *told = facts();
	/* The first process of the namespace waits for it. */
	MUST(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	expect(told, "exec=process %d (test_suspects)", (int)pid);
	assert_int_equal(count_all(told), 1);
}

/* The mount of what it was started with is that of others. */
static void open_before(void)
{
	MUST(dup2(open("/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 100) == 100);
	MUST(unshare(CLONE_NEWNS) == 0);
}

static void bear_reader(void)
{
	(void)bear(open_before);
}

static void bear_rooted(void)
{
	MUST(dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 101) == 101);
	MUST(chroot("/run") == 0);
}

static void bear_chrooted(void)
{
	(void)bear(bear_rooted);
}

static void files_of_the_container(void **state)
{
	(void)state;
	(void)start_family(bear_reader);
	CLEANUP_FREE char *told = facts();
	assert_null(strstr(told, "descriptor 100,"));
	end_children();
	(void)start_family(bear_chrooted);
	CLEANUP_FREE char *again = facts();
	assert_null(strstr(again, "descriptor 101,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_plain_family),
		TEST(traced_from_inside),
		TEST(a_thread_traced_from_outside),
		TEST(a_first_thread_that_has_ended),
		TEST(a_plain_zombie),
		TEST(namespaces_below),
		TEST(a_mount_namespace_below),
		TEST(a_process_that_came_in),
		TEST(files_of_a_process_that_came_in),
		TEST(a_process_that_comes_and_goes),
		TEST(a_session_outside),
		TEST(a_process_of_its_pid_namespace),
		TEST(files_of_the_container),
	};

	own_run_enter();
	born = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return born == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
