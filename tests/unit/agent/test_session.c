/* SPDX-License-Identifier: MIT */
/* A session whose leader has gone: whose number it is now. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "own_session.h"

/* A leader starts one member and has ended on return; the record names it. */
static pid_t member_without_leader(const char *word)
{
	int said[2], go[2];
	pid_t member;
	char byte;

	assert_true(pipe(said) == 0 && pipe2(go, O_CLOEXEC) == 0);
	pid_t leader = own_fork();
	if (leader == 0) {
		(void)setsid();
		member = fork();
		if (member == 0) {
			char *const env[] = {(char *)word, NULL};
			/* It is executed with close-on-exec pipes: their end says so. */
			(void)fcntl(said[1], F_SETFD, FD_CLOEXEC);
			(void)execle("/bin/sleep", "sleep", "600", NULL, env);
			_exit(1);
		}
		if (write(said[1], &member, sizeof(member)) < 0)
			_exit(1);
		(void)close(said[1]);
		_exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
	}
	(void)close(said[1]);
	assert_int_equal(read(said[0], &member, sizeof(member)), sizeof(member));
	assert_int_equal(read(said[0], &byte, 1), 0);
	own_record(SESSION_DUMP, leader);
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(leader, NULL, 0), leader);
	(void)close(said[0]);
	(void)close(go[0]);
	(void)close(go[1]);
	return member;
}

/* The number may have gone to another session, and that one's leader may have ended too. */
static void a_member_without_the_mark_is_not_ours(void **state)
{
	pid_t member = member_without_leader("CMIGRATE_SESSION=" WEB_RUN "/restore.session");

	(void)state;
	assert_false(session_signal(WEB_RUN "/dump.session", SIGKILL));
	assert_int_equal(kill(member, SIGKILL), 0);
}

static void a_member_with_the_mark_is(void **state)
{
	CLEANUP_FREE char *mark = session_mark(WEB_RUN "/dump.session");
	pid_t member = member_without_leader(mark);

	(void)state;
	assert_true(session_signal(WEB_RUN "/dump.session", SIGKILL));
	assert_true(comes(has_died, &member));
	assert_false(session_lives(WEB_RUN "/dump.session"));
}

/* What a hook has left running is no program of the move. */
static void programs_of_a_session(void **state)
{
	CLEANUP_FREE char *mark = session_mark(WEB_RUN "/dump.session");
	pid_t member = member_without_leader(mark);
	CLEANUP_PIDS struct pids members = {0}, programs = {0}, led = {0};

	(void)state;
	session_members(WEB_RUN "/dump.session", &members);
	assert_true(pids_has(&members, member));
	session_programs(WEB_RUN "/dump.session", &programs);
	assert_int_equal(programs.n, 0);
	assert_true(session_signal(WEB_RUN "/dump.session", SIGKILL));
	pid_t leader = own_process(NULL);
	own_record(SESSION_DUMP, leader);
	session_programs(WEB_RUN "/dump.session", &led);
	assert_true(led.n == 1 && led.v[0] == leader);
	own_end(leader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_member_without_the_mark_is_not_ours),
		cmocka_unit_test(a_member_with_the_mark_is),
		cmocka_unit_test(programs_of_a_session),
	};

	own_run_enter();
	own_web_run();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
