/* SPDX-License-Identifier: MIT */
/* A dump that writes its memory is made to fail; its criu here moves pages as that does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>

#include "asked.h"
#include "own_session.h"
#include "session_child.h"

#define ROOT "/run/containers"
#define ID "20240506T070809-00000001"
#define IMAGES ROOT "/web/.cmigrate/images-" ID
#define FAILED 7
#define WRITING "/run/writing"

struct dump {
	const char *comm, *image;
};

/* Ends when a splice fails; the test's own patience is the limit otherwise. */
static void serve_dump(void *ctx)
{
	const struct dump *dump = ctx;
	int pages[2];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NAME, dump->comm);
	int image = open(dump->image, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (image < 0 || pipe(pages) < 0)
		_exit(1);
	for (;;) {
		if (write(pages[1], "page", 4) != 4 || lseek(image, 0, SEEK_SET) < 0)
			_exit(1);
		if (splice(pages[0], NULL, image, NULL, 4, SPLICE_F_MOVE) < 0)
			_exit(errno == EINVAL ? FAILED : 1);
		(void)close(open(WRITING, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	}
}

static pid_t begin(struct dump *dump)
{
	(void)unlink(WRITING);
	pid_t pid = session_child(WEB_RUN "/dump.session", serve_dump, dump);

	assert_true(comes(is_there, WRITING));
	return pid;
}

static void fails_at_once(void **state)
{
	struct dump dump = {"criu", IMAGES "/pages-1.img"};
	pid_t pid = begin(&dump);
	int status = 0;

	(void)state;
	CLEANUP_ASKED struct asked done =
		ask(ROOT, NULL, "break-off", "container=web", "id=" ID, NULL);
	assert_int_equal(done.status, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), FAILED);
}

/* Neither another image of its criu, nor another program's file. */
static void leaves_others(void **state)
{
	struct dump others[] = {{"criu", IMAGES "/core-1.img"}, {"runc", IMAGES "/pages-1.img"}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = begin(&others[i]);
		CLEANUP_ASKED struct asked done =
			ask_within(100, ROOT, "break-off", "container=web", "id=" ID, NULL);
		assert_int_equal(session_child_signal(pid), 0);
		session_child_end(pid);
	}
}

static void no_dump(void **state)
{
	(void)state;
	(void)unlink(WEB_RUN "/dump.session");
	CLEANUP_ASKED struct asked done =
		ask(ROOT, NULL, "break-off", "container=web", "id=" ID, NULL);
	assert_int_equal(done.status, 0);
}

static int set_up(void **state)
{
	static const char *const dirs[] = {ROOT, ROOT "/web", ROOT "/web/.cmigrate", IMAGES};

	(void)state;
	own_run_enter();
	own_web_run();
	for (size_t i = 0; i < 4; i++)
		if (mkdir(dirs[i], 0700) < 0)
			return -1;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fails_at_once),
		cmocka_unit_test(leaves_others),
		cmocka_unit_test(no_dump),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
