/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/fleet/batch_wish.h"
#include "slowness.h"
#include "stub.h"

static char *root;
static struct config config;

/* As `cmigrate abort` does it, in a process of its own. */
static int abort_batch(const char *batch, const char *host)
{
	struct err err = ERR_INIT;

	return batch_wish_abort(&config, batch, host, NULL, &err) == 0 ? EXIT_DONE : (int)err.code;
}

static pid_t start_abort(const char *batch, const char *host)
{
	pid_t child = fork();

	if (child == 0)
		_exit(abort_batch(batch, host));
	return child;
}

static int end_of(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void await_word(struct batch_ear *ear)
{
	const int64_t end = deadline_in_ms(scaled_ms(10000));

	while (!batch_ear_hears(ear)) {
		assert_false(deadline_passed(end));
		clock_sleep_ms(1);
	}
}

static void nothing_is_left(void)
{
	CLEANUP_FREE char *dir = str_fmt("%s/.cmigrate-drain-localhost", root);

	assert_int_not_equal(access(dir, F_OK), 0);
}

static void told_and_heard(void **state)
{
	CLEANUP_FREE char *batch = batch_of_drain("localhost");
	CLEANUP_EAR struct batch_ear *ear = batch_ear_open(&config, "localhost", batch, NULL);

	(void)state;
	assert_non_null(ear);
	assert_false(batch_ear_hears(ear));
	pid_t child = start_abort(batch, "localhost");
	await_word(ear);
	assert_int_equal(end_of(child), EXIT_DONE);
	/* It stays so, and a second one is told as well. */
	assert_true(batch_ear_hears(ear));
	child = start_abort(batch, "localhost");
	const int64_t end = deadline_in_ms(scaled_ms(10000));
	int status = 0;
	while (waitpid(child, &status, WNOHANG) == 0) {
		assert_false(deadline_passed(end));
		assert_true(batch_ear_hears(ear));
		clock_sleep_ms(1);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
	batch_ear_close(ear);
	ear = NULL;
	nothing_is_left();
}

/* Others than that batch are not told. */
static void nobody_listens(void **state)
{
	CLEANUP_EAR struct batch_ear *ear =
		batch_ear_open(&config, "localhost", BATCH_REBALANCE, NULL);

	(void)state;
	assert_int_equal(abort_batch("drain-localhost", "localhost"), EXIT_REFUSED);
	assert_false(batch_ear_hears(ear));
	assert_int_equal(abort_batch("drain-elsewhere", "elsewhere"), EXIT_USAGE);
	nothing_is_left();
}

/* Its wish is not for the next one. */
static void a_wish_to_a_batch_that_was_killed(void **state)
{
	CLEANUP_FREE char *dir = str_fmt("%s/.cmigrate-drain-localhost", root);
	CLEANUP_FREE char *file = str_fmt("%s/wishes", dir);

	(void)state;
	assert_int_equal(mkdir(dir, 0700), 0);
	FILE *f = fopen(file, "we");
	assert_non_null(f);
	assert_true(
		fputs("{\"wish\":\"0123456789abcdef\",\"move\":\"drain-localhost\",\"by\":\"x\","
		      "\"abort\":true}\n",
		      f) > 0);
	assert_int_equal(fclose(f), 0);
	CLEANUP_EAR struct batch_ear *ear =
		batch_ear_open(&config, "localhost", "drain-localhost", NULL);
	pid_t child = start_abort("drain-localhost", "localhost");
	await_word(ear);
	assert_int_equal(end_of(child), EXIT_DONE);
	/* The file of answers has one, and not to the old wish. */
	CLEANUP_FREE char *events = str_fmt("%s/events", dir);
	char text[512] = "";
	FILE *answers = fopen(events, "re");
	assert_non_null(answers);
	assert_true(fread(text, 1, sizeof(text) - 1, answers) > 0);
	assert_int_equal(fclose(answers), 0);
	assert_null(strstr(text, "0123456789abcdef"));
	batch_ear_close(ear);
	ear = batch_ear_open(&config, "localhost", "drain-localhost", NULL);
	assert_non_null(ear);
	assert_false(batch_ear_hears(ear));
}

static int set_up(void **state)
{
	static const char text[] = "{\"hosts\":{\"localhost\":{}}}";
	struct err err = ERR_INIT;

	(void)state;
	root = stub_dir_make();
	if (config_parse(text, strlen(text), "test", &config, &err) < 0)
		return -1;
	str_set(&config.bundle_root, root);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	config_clear(&config);
	stub_dir_remove(root);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_and_heard),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_wish_to_a_batch_that_was_killed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
