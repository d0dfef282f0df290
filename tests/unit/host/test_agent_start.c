/* SPDX-License-Identifier: MIT */
/* The line that starts an agent on a host, and the agent that is sent there if the host lacks it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agent/own_run.h"
#include "cmigrate/agent/image.h"
#include "host/agent_start.h"
#include "host/ssh.h"
#include "stub.h"

#define DIR "/run/cmigrate-agent"

static bool no_memory_files;

/* As on Linux before 3.17. */
int memfd_create(const char *name, unsigned flags)
{
	if (!no_memory_files)
		return (int)syscall(SYS_memfd_create, name, flags);
	errno = ENOSYS;
	return -1;
}

/* Reads until this text has come, or the end. */
static bool await_text(struct proc *proc, const char *text)
{
	CLEANUP_BUF struct buf all = {0};
	char chunk[512];

	for (;;) {
		struct pollfd fd = {.fd = proc->out, .events = POLLIN};
		(void)poll(&fd, 1, -1);
		ssize_t n = read(proc->out, chunk, sizeof(chunk));
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return false;
		buf_add(&all, chunk, (size_t)n);
		if (strstr(all.s, text))
			return true;
	}
}

static void send(struct proc *proc, size_t len)
{
	(void)fcntl(proc->in, F_SETFL, 0);
	for (size_t at = 0; at < len;) {
		ssize_t n = write(proc->in, agent_image + at, len - at);
		assert_true(n > 0);
		at += (size_t)n;
	}
}

static void end(struct proc *proc)
{
	int status;

	fd_close(&proc->in);
	(void)waitpid(proc->pid, &status, 0);
	proc_close(proc);
}

static void start(struct proc *ret)
{
	CLEANUP_HOST struct host *host = host_new("rhel01", "rhel01", NULL, NULL);
	struct err err = ERR_INIT;

	if (agent_start(host, ret, &err) < 0)
		fail_msg("%s", err.msg);
}

/* A part of an agent would be found by the next connection, and executed. */
static void a_connection_that_ends_in_the_middle(void **state)
{
	size_t whole = (size_t)(agent_image_end - agent_image);
	const size_t parts[] = {0, 1000, whole - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		struct proc proc;
		start(&proc);
		assert_true(await_text(&proc, AGENT_ABSENT));
		send(&proc, parts[i]);
		end(&proc);
		/* It is empty. */
		assert_int_equal(rmdir(DIR), 0);
	}
}

static void it_is_kept(void **state)
{
	size_t whole = (size_t)(agent_image_end - agent_image);
	CLEANUP_FREE char *path = str_fmt(DIR "/%s", agent_image_sum);
	struct proc proc;
	struct stat st;

	(void)state;
	start(&proc);
	assert_true(await_text(&proc, AGENT_ABSENT));
	send(&proc, whole);
	assert_true(await_text(&proc, "cmigrate-agent hello"));
	end(&proc);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, whole);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* Found by the next one. */
	start(&proc);
	assert_true(await_text(&proc, "cmigrate-agent hello"));
	end(&proc);
}

/* Then it is executed from a directory, the next one if that of TMPDIR lets no program be. */
static void there_are_no_files_in_memory(void **state)
{
	CLEANUP_HOST struct host *here = host_new("rhel01", NULL, NULL, NULL);
	char *dir = stub_dir_make();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(setenv("TMPDIR", dir, 1), 0);
	no_memory_files = true;
	for (int i = 0; i < 2; i++) {
		struct proc proc;
		if (agent_start(here, &proc, &err) < 0)
			fail_msg("%s", err.msg);
		assert_true(await_text(&proc, "cmigrate-agent hello"));
		end(&proc);
		if (i == 0)
			assert_int_equal(mount("none", dir, "tmpfs", MS_NOEXEC, NULL), 0);
	}
	no_memory_files = false;
	assert_int_equal(umount(dir), 0);
	/* It is empty. */
	assert_int_equal(rmdir(dir), 0);
	(void)unsetenv("TMPDIR");
	free(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_that_ends_in_the_middle),
		cmocka_unit_test(it_is_kept),
		cmocka_unit_test(there_are_no_files_in_memory),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	own_run_enter();
	char *dir = stub_dir_make();
	stub_ssh(dir);
	int status = cmocka_run_group_tests(tests, NULL, NULL);
	stub_dir_remove(dir);
	return status;
}
