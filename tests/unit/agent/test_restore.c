/* SPDX-License-Identifier: MIT */
/* A parked restore and the word to go on, its end, and the wait for the end of a restore. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "agent/restore/restore.h"
#include "asked.h"
#include "own_run.h"
#include "session_child.h"
#include "slowness.h"

#define RUN "/run/cmigrate/web"
#define RECORD RUN "/restore.session"
#define FIFO RUN "/parked.conf"
#define WENT RUN "/restore.went"

static int set_up(void **state)
{
	(void)state;
	own_run_enter();
	if (mkdir("/run/cmigrate", 0700) < 0 || mkdir(RUN, 0700) < 0 || mkfifo(FIFO, 0600) < 0)
		abort();
	own_run_write(RUN "/criu.conf", "tcp-close\n");
	return 0;
}

/* As criu does. */
static void serve_parked(void *ctx)
{
	char text[64];
	int fd = open(FIFO, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	(void)ctx;
	if (n == 10)
		own_run_write(RUN "/heard", "");
	_exit(n == 10 ? 0 : 3);
}

/* As runc does: criu is asked for its version, and started for the restore a while later. */
static void serve_busy(void *ctx)
{
	pid_t version = fork();

	if (version == 0)
		serve_parked(ctx);
	(void)waitpid(version, NULL, 0);
	(void)usleep(100000);
	own_run_write(RUN "/at-rest", "");
	serve_parked(ctx);
}

static int ended_with(pid_t pid)
{
	for (int i = 0; i < scaled_ms(2000); i++) {
		int sig = session_child_signal(pid);
		if (sig)
			return sig;
		(void)usleep(1000);
	}
	return 0;
}

static void end_parked(void)
{
	struct request req = {.wake = -1};

	argv_addl(&req.words, "fence", "container=web", NULL);
	assert_int_equal(restore_end_parked(&req), 0);
	assert_string_equal(buf_str(&req.err), "");
	argv_clear(&req.words);
}

static void told_to_go_on(void **state)
{
	pid_t pid = session_child(RECORD, serve_parked, NULL);
	CLEANUP_ASKED struct asked went = ask("/x", NULL, "restore-go", "container=web", NULL);

	(void)state;
	assert_int_equal(went.status, 0);
	assert_int_equal(ended_with(pid), -1);
	assert_int_equal(access(RUN "/heard", F_OK), 0);
	assert_int_equal(access(WENT, F_OK), 0);
	/* Nobody waits any more. */
	assert_int_equal(unlink(WENT), 0);
	CLEANUP_ASKED struct asked again =
		ask_within(100, "/x", "restore-go", "container=web", NULL);
	assert_int_equal(again.status, 1);
	assert_int_equal(access(WENT, F_OK), -1);
	CLEANUP_ASKED struct asked late = ask_within(100, "/x", "park", "container=web", NULL);
	assert_int_equal(late.status, 1);
}

static void parked_when_it_is_at_rest(void **state)
{
	pid_t pid = session_child(RECORD, serve_busy, NULL);
	CLEANUP_ASKED struct asked parked = ask("/x", NULL, "park", "container=web", NULL);

	(void)state;
	assert_int_equal(parked.status, 0);
	assert_int_equal(access(RUN "/at-rest", F_OK), 0);
	CLEANUP_ASKED struct asked went = ask("/x", NULL, "restore-go", "container=web", NULL);
	assert_int_equal(went.status, 0);
	assert_int_equal(ended_with(pid), -1);
	assert_int_equal(unlink(WENT), 0);
}

static void a_parked_one_is_ended(void **state)
{
	pid_t pid = session_child(RECORD, serve_parked, NULL);

	(void)state;
	end_parked();
	assert_int_equal(ended_with(pid), SIGKILL);
	/* One that has not come to the fifo yet. */
	pid = session_child(RECORD, serve_sleep, NULL);
	end_parked();
	assert_int_equal(ended_with(pid), SIGKILL);
	/* The word was about to be said when its agent ended. */
	own_run_write(WENT, "");
	assert_int_equal(unlink(RUN "/heard"), 0);
	pid = session_child(RECORD, serve_parked, NULL);
	while (true) {
		CLEANUP_FREE char *place = process_file(pid, "wchan", 64, NULL);
		if (place && (strstr(place, "fifo") || strstr(place, "partner")))
			break;
	}
	end_parked();
	assert_int_equal(ended_with(pid), SIGKILL);
	assert_int_equal(access(RUN "/heard", F_OK), -1);
}

static void one_that_goes_on_is_left_alone(void **state)
{
	pid_t pid = session_child(RECORD, serve_sleep, NULL);

	(void)state;
	end_parked();
	assert_int_equal(session_child_signal(pid), 0);
	session_child_end(pid);
	assert_int_equal(unlink(WENT), 0);
	/* There is none at all. */
	end_parked();
}

/* It is not waited for. */
static void one_that_has_ended(void **state)
{
	(void)state;
	own_run_write(RUN "/restore.ended", "");
	CLEANUP_ASKED struct asked park = ask("/x", NULL, "park", "container=web", NULL);
	assert_int_equal(park.status, 1);
	assert_string_equal(park.err, "the restore has ended\n");
	assert_int_equal(unlink(RUN "/restore.ended"), 0);
}

static void stop_myself(void *ctx)
{
	(void)ctx;
	(void)raise(SIGSTOP);
}

/* The agent that had stopped criu for a look at what it lacks was killed. */
static void a_stopped_dump_goes_on(void **state)
{
	pid_t pid = session_child(RUN "/dump.session", stop_myself, NULL);
	struct process process = {0};

	(void)state;
	while (process.state != 'T')
		assert_true(process_read(pid, &process));
	CLEANUP_ASKED struct asked fenced =
		ask("/x", NULL, "fence", "container=web", "id=20260101T000000-01234567", NULL);
	assert_string_equal(fenced.err, "");
	assert_int_equal(fenced.status, 0);
	int sig = ended_with(pid);
	if (!sig)
		session_child_end(pid);
	assert_int_equal(sig, -1);
}

static void *end_later(void *pid)
{
	(void)usleep(50000);
	session_child_end(*(pid_t *)pid);
	return NULL;
}

static void awaited(void **state)
{
	pthread_t thread;
	pid_t pid = session_child(RECORD, serve_sleep, NULL);
	CLEANUP_ASKED struct asked lives =
		ask_within(50, "/x", "await", "op=restore", "container=web", NULL);
	CLEANUP_ASKED struct asked other =
		ask("/x", NULL, "await", "op=dump", "container=web", NULL);

	(void)state;
	assert_int_equal(lives.status, 1);
	assert_int_equal(other.status, 0);
	assert_int_equal(pthread_create(&thread, NULL, end_later, &pid), 0);
	CLEANUP_ASKED struct asked ended =
		ask("/x", NULL, "await", "op=restore", "container=web", NULL);
	assert_int_equal(ended.status, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void logs_are_forgotten(void **state)
{
	(void)state;
	own_run_write(RUN "/restore.log", "x");
	for (int i = 0; i < 2; i++) {
		CLEANUP_ASKED struct asked asked =
			ask("/x", NULL, "forget-restore", "container=web", NULL);
		assert_int_equal(asked.status, 0);
		assert_int_equal(access(RUN "/restore.log", F_OK), -1);
	}
}

/* A word that is no flag of a restore never reaches runc. */
static void no_other_flags(void **state)
{
	CLEANUP_ASKED struct asked asked =
		ask("/x", NULL, "restore", "container=web", "op=now", "id=20260101T000000-01234567",
		    "flag=tcp-skip-in-flight", NULL);

	(void)state;
	assert_int_equal(asked.status, 1);
	assert_string_equal(asked.err, "there is no flag 'tcp-skip-in-flight'\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_to_go_on),
		cmocka_unit_test(parked_when_it_is_at_rest),
		cmocka_unit_test(a_parked_one_is_ended),
		cmocka_unit_test(one_that_goes_on_is_left_alone),
		cmocka_unit_test(one_that_has_ended),
		cmocka_unit_test(a_stopped_dump_goes_on),
		cmocka_unit_test(awaited),
		cmocka_unit_test(logs_are_forgotten),
		cmocka_unit_test(no_other_flags),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, NULL);
}
