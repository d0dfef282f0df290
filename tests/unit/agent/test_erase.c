/* SPDX-License-Identifier: MIT */
/* What an erase ends and removes, and what it leaves alone, with real cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "asked.h"
#include "own_run.h"
#include "session_child.h"
#include "stub.h"

#define RUN "/run/cmigrate/web9"
#define STATE "/run/runc/web9"

static char *root, *bin, *group, *copy;

static void make(const char *path)
{
	if (mkdir(path, 0700) < 0) {
		perror(path);
		abort();
	}
}

static void write_config(const char *text)
{
	CLEANUP_FREE char *path = str_fmt("%s/web9/config.json", root);

	own_run_write(path, text);
}

static int set_up(void **state)
{
	/* systemd escapes a dash in a slice's name that way. */
	CLEANUP_FREE char *name = str_fmt("cmigrate\\x2dtest.%d", (int)getpid());
	bool v1 = access("/sys/fs/cgroup/pids", F_OK) == 0;

	(void)state;
	group = str_fmt("/sys/fs/cgroup%s/%s", v1 ? "/pids" : "", name);
	copy = str_fmt("%s/web9", group);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("run", "/run", "tmpfs", 0, NULL) < 0)
		return -1;
	make(group);
	make("/run/runc");
	make("/run/cmigrate");
	make(RUN);
	root = stub_dir_make();
	bin = stub_dir_make();
	stub_path_add(bin);
	CLEANUP_FREE char *bundle = str_fmt("%s/web9", root);
	CLEANUP_FREE char *line = str_fmt("8:pids:/%s\n", name);
	make(bundle);
	own_run_write(RUN "/cgroup", line);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)rmdir(copy);
	(void)rmdir(group);
	stub_dir_remove(root);
	stub_dir_remove(bin);
	free(group);
	free(copy);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	write_config("{}");
	make(copy);
	return 0;
}

static void enter(pid_t pid)
{
	CLEANUP_FREE char *procs = str_fmt("%s/cgroup.procs", copy);
	CLEANUP_FREE char *number = str_fmt("%d\n", (int)pid);

	own_run_write(procs, number);
}

/* A process of the container: in its cgroup, and in a pid namespace of its own. */
static pid_t contained(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0) {
		pause();
		_exit(0);
	}
	assert_true(pid > 0);
	enter(pid);
	return pid;
}

static int ended_with(pid_t pid)
{
	int sig;

	for (int i = 0; (sig = session_child_signal(pid)) == 0 && i < 20; i++)
		(void)usleep(10000);
	return sig;
}

static struct asked erase(void)
{
	return ask(root, NULL, "erase", "container=web9", "op=all", NULL);
}

static void erased(void)
{
	CLEANUP_ASKED struct asked asked = erase();

	if (asked.status != 0)
		fail_msg("%d '%s'", asked.status, asked.err);
	assert_int_equal(access(copy, F_OK), -1);
}

static void its_processes_and_cgroups(void **state)
{
	pid_t pid = contained();

	(void)state;
	erased();
	assert_int_equal(ended_with(pid), SIGKILL);
	/* There is nothing any more. */
	erased();
}

/* The other copy may go on then; the rest is removed later. */
static void its_processes_alone(void **state)
{
	pid_t pid = contained();

	(void)state;
	CLEANUP_ASKED struct asked end = ask(root, NULL, "erase", "container=web9", "op=end", NULL);
	assert_int_equal(end.status, 0);
	assert_int_equal(ended_with(pid), SIGKILL);
	assert_int_equal(access(copy, F_OK), 0);
	CLEANUP_ASKED struct asked other =
		ask(root, NULL, "erase", "container=web9", "op=some", NULL);
	assert_int_equal(other.status, 1);
	erased();
}

static void where_config_json_says(void **state)
{
	static const char *const bad[] = {"{\"linux\":{\"cgroupsPath\":\"/a b\"}}",
					  "{\"linux\":{\"cgroupsPath\":\"/\"}}",
					  "{\"linux\":{\"cgroupsPath\":\"//.\"}}"};
	pid_t pid = contained();

	(void)state;
	/* A place that can't be searched does not count as empty. */
	for (size_t i = 0; i < 3; i++) {
		write_config(bad[i]);
		CLEANUP_ASKED struct asked asked = erase();
		assert_int_equal(asked.status, 1);
		assert_non_null(strstr(asked.err, "a cgroupsPath that can't be looked for"));
	}
	/* Only linux.cgroupsPath counts. */
	write_config("{\"annotations\":{\"cgroupsPath\":\"/a b\",\"x\":\"\\\"cgroupsPath\\\": {\"},"
		     "\"linux\":{\"x\":{\"cgroupsPath\":\"/a b\"},\"cgroupsPath\":\"/none\"}}");
	CLEANUP_ASKED struct asked asked = erase();
	assert_int_equal(asked.status, 0);
	assert_int_equal(session_child_signal(pid), 0);
	write_config("{}");
	erased();
	assert_int_equal(ended_with(pid), SIGKILL);
}

static void serve_tree(void *ctx)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)setsid();
		serve_sleep(NULL);
		_exit(0);
	}
	__atomic_store_n((pid_t *)ctx, pid, __ATOMIC_RELEASE);
	serve_sleep(NULL);
}

/* Those that a restore has begun are in sessions of their own, and not in a cgroup yet. */
static void the_restoring_processes(void **state)
{
	pid_t *child = mmap(NULL, sizeof(*child), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = session_child(RUN "/restore.session", serve_tree, child);

	(void)state;
	while (!__atomic_load_n(child, __ATOMIC_ACQUIRE) || getsid(*child) != *child)
		(void)usleep(1000);
	erased();
	assert_int_equal(ended_with(pid), SIGKILL);
	assert_true(process_has_ended(*child));
}

static void serve_criu(void *ctx)
{
	(void)prctl(PR_SET_NAME, "criu");
	__atomic_store_n((int *)ctx, 1, __ATOMIC_RELEASE);
	serve_sleep(NULL);
}

/* The quick end stops CRIU, which would leave mount points if it were killed. */
static void a_restoring_criu_stays_for_the_rest(void **state)
{
	int *named = mmap(NULL, sizeof(*named), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	pid_t criu = session_child(RUN "/restore.session", serve_criu, named);
	pid_t pid = contained();
	struct process process;

	(void)state;
	while (!__atomic_load_n(named, __ATOMIC_ACQUIRE))
		(void)usleep(1000);
	CLEANUP_ASKED struct asked end = ask(root, NULL, "erase", "container=web9", "op=end", NULL);
	assert_int_equal(end.status, 0);
	assert_int_equal(ended_with(pid), SIGKILL);
	assert_true(process_read(criu, &process));
	assert_int_equal(process.state, 'T');
	erased();
	assert_int_equal(ended_with(criu), SIGKILL);
}

static void write_state(const char *bundle)
{
	CLEANUP_FREE char *text = str_fmt(
		"{\"id\":\"web9\",\"init_process_pid\":1,\"init_process_start\":1,\"config\":{"
		"\"rootfs\":\"/x\",\"labels\":[\"bundle=%s\"]},\"cgroup_paths\":{}}",
		bundle);

	own_run_write(STATE "/state.json", text);
}

static void another_of_that_name(void **state)
{
	pid_t pid = contained();

	(void)state;
	make(STATE);
	write_state(bin);
	CLEANUP_ASKED struct asked asked = erase();
	assert_int_equal(asked.status, 0);
	assert_non_null(strstr(asked.err, "left alone: another container is called 'web9' there"));
	assert_int_equal(session_child_signal(pid), 0);
	assert_int_equal(access(STATE "/state.json", F_OK), 0);
	assert_int_equal(system("rm -r " STATE), 0);
	erased();
	assert_int_equal(ended_with(pid), SIGKILL);
}

/* The root is no longer mounted when runc removes the directory. */
static void what_runc_keeps(void **state)
{
	CLEANUP_FREE char *bundle = str_fmt("%s/web9", root);

	(void)state;
	make(STATE);
	make(STATE "/criu-root");
	write_state(bundle);
	assert_int_equal(mount("root", STATE "/criu-root", "tmpfs", 0, NULL), 0);
	own_run_write(STATE "/criu-root/kept", "x");
	stub_program(bin, "runc", "#!/bin/sh\nexit 1\n");
	CLEANUP_ASKED struct asked unable = erase();
	assert_int_equal(unable.status, 1);
	assert_non_null(strstr(unable.err, "'runc delete --force' can't remove it yet"));
	stub_program(bin, "runc",
		     "#!/bin/sh\n[ \"$*\" = 'delete --force web9' ] && [ ! -e " STATE
		     "/criu-root/kept ] && rm -r " STATE "\n");
	erased();
	assert_int_equal(access(STATE, F_OK), -1);
	stub_program(bin, "runc", "#!/bin/sh\nexit 0\n");
	make(STATE);
	write_state(bundle);
	CLEANUP_ASKED struct asked kept = erase();
	assert_int_equal(kept.status, 1);
	assert_string_equal(kept.err, "runc still knows container 'web9'\n");
	assert_int_equal(system("rm -r " STATE), 0);
}

static void *end_later(void *arg)
{
	pid_t *pid = arg;
	int status = 0;

	(void)usleep(200000);
	(void)kill(*pid, SIGTERM);
	(void)waitpid(*pid, &status, 0);
	*pid = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return NULL;
}

/* One of this host, which was ended elsewhere, and leaves the cgroup late: no erase kills it. */
static void a_cgroup_that_empties_late(void **state)
{
	pid_t pid = session_child(RUN "/other.session", serve_sleep, NULL);
	pthread_t thread;

	(void)state;
	enter(pid);
	assert_int_equal(pthread_create(&thread, NULL, end_later, &pid), 0);
	erased();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pid, SIGTERM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(its_processes_and_cgroups, begin),
		cmocka_unit_test_setup(its_processes_alone, begin),
		cmocka_unit_test_setup(a_restoring_criu_stays_for_the_rest, begin),
		cmocka_unit_test_setup(where_config_json_says, begin),
		cmocka_unit_test_setup(the_restoring_processes, begin),
		cmocka_unit_test_setup(another_of_that_name, begin),
		cmocka_unit_test_setup(what_runc_keeps, begin),
		cmocka_unit_test_setup(a_cgroup_that_empties_late, begin),
	};

	/* Nobody else may make cgroups. */
	if (geteuid() != 0)
		return puts("needs root") < 0;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
