/* SPDX-License-Identifier: MIT */
/* The mark of a host: its text, and its file under several writers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmigrate/container/cordon.h"
#include "stub.h"

#define MARK                                                                                       \
	"{\"host\":\"rhel02\",\"by\":\"root@rhel01\",\"since\":\"2026-11-30T22:15:00Z\","          \
	"\"reason\":\"new disk\",\"open\":false}\n"

static char *dir;

static void text_and_back(void **state)
{
	CLEANUP_CORDON struct cordon c = {0}, again = {0};
	CLEANUP_BUF struct buf text = {0};
	CLEANUP_BUF struct buf same = {0};

	(void)state;
	cordon_parse("rhel02", MARK, strlen(MARK), &c);
	assert_string_equal(c.by, "root@rhel01");
	assert_false(c.open);
	cordon_left_put(&c, "web", LEFT_MOVED, "rhel03");
	cordon_left_put(&c, "db", LEFT_MOVED, "rhel03");
	cordon_left_put(&c, "web", LEFT_MOVED, "rhel04");
	cordon_left_put(&c, "old", LEFT_CHECKPOINTED, NULL);
	cordon_left_drop(&c, "db");
	cordon_left_drop(&c, "none");
	assert_int_equal(c.n_left, 2);
	cordon_text(&c, &text);
	assert_true(str_starts(buf_str(&text), MARK));
	cordon_parse("rhel02", buf_str(&text), text.len, &again);
	assert_int_equal(again.n_left, 2);
	assert_string_equal(again.left[0].container, "web");
	assert_string_equal(again.left[0].to, "rhel04");
	assert_string_equal(again.left[1].how, LEFT_CHECKPOINTED);
	assert_null(again.left[1].to);
	cordon_text(&again, &same);
	assert_string_equal(buf_str(&text), buf_str(&same));
	CLEANUP_FREE char *sentence = cordon_sentence(&again);
	assert_string_equal(
		sentence, "rhel02 is cordoned since 2026-11-30T22:15:00Z by root@rhel01: new disk");
}

/* Other programs can write there. The host stays cordoned, and nothing bad is believed. */
static void damage(void **state)
{
	static const char *const heads[] = {"",
					    "\n",
					    "{",
					    "[]\n",
					    "{\"host\":\"other\",\"by\":\"x\"}\n",
					    "{\"host\":\"rhel02\",\"by\":7}\n",
					    "{\"host\":\"rhel02\",\"host\":\"rhel02\"}\n"};
	static const char left[] =
		MARK "{\"container\":\"../x\",\"how\":\"moved\",\"to\":\"rhel03\"}\n"
		     "{\"container\":\"web\",\"how\":\"moved\",\"to\":\"-oProxyCommand=x\"}\n"
		     "{\"container\":\"web\",\"how\":\"moved\"}\n"
		     "{\"container\":\"web\",\"how\":\"sold\"}\n"
		     "torn\n\n"
		     "{\"container\":\"good\",\"how\":\"stopped\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		CLEANUP_CORDON struct cordon c = {0};
		cordon_parse("rhel02", heads[i], strlen(heads[i]), &c);
		assert_string_equal(c.host, "rhel02");
		assert_null(c.by);
		CLEANUP_FREE char *sentence = cordon_sentence(&c);
		assert_string_equal(sentence, "rhel02 is cordoned");
	}
	CLEANUP_CORDON struct cordon c = {0};
	cordon_parse("rhel02", left, strlen(left), &c);
	assert_int_equal(c.n_left, 1);
	assert_string_equal(c.left[0].container, "good");
}

static void marks_of_a_host(void **state)
{
	static const char said[] =
		"cordon=rhel02 {\"host\":\"rhel02\",\"by\":\"a\",\"since\":\"b\"}\n"
		"cordon=rhel03 {\"host\":\"rhel03\",\"open\":true}\n"
		"cordon=-x {\"host\":\"-x\"}\ncordon=\n"
		"cordon=rhel04.4711 {\"host\":\"rhel04\",\"by\":\"a\"}\n"
		"cordon=rhel02 {}\n";
	CLEANUP_CORDONS struct cordons marks = {0};
	struct facts facts;

	(void)state;
	facts_parse(&facts, said);
	cordons_add(&marks, &facts);
	cordons_add(&marks, &facts);
	facts_clear(&facts);
	assert_int_equal(marks.n, 3);
	assert_string_equal(cordons_find(&marks, "rhel02")->by, "a");
	assert_non_null(cordons_find(&marks, "root@rhel02"));
	assert_null(cordons_find(&marks, "rhel03"));
	assert_null(cordons_find(&marks, "rhel04"));
	assert_null(cordons_find(&marks, "hel02"));
}

/* ---- the file ---- */

static struct host *new_host(void)
{
	struct host *host = host_new("here", NULL, NULL, NULL);

	host->root = str_dup(dir);
	return host;
}

static void add_one(struct cordon *c, void *ctx)
{
	str_set(&c->host, "rhel02");
	cordon_left_put(c, ctx, LEFT_MOVED, "rhel03");
}

static void drop_all(struct cordon *c, void *ctx)
{
	(void)ctx;
	cordon_clear(c);
}

static int change(const char *prefix, int n)
{
	CLEANUP_HOST struct host *host = new_host();
	struct state_dir root;
	int status = 0;

	state_dir_init_root(&root, host, dir);
	for (int i = 0; i < n && status == 0; i++) {
		CLEANUP_FREE char *name = str_fmt("%s%d", prefix, i);
		struct err err = ERR_INIT;
		status = cordon_change(&root, "rhel02", add_one, name, &err);
		if (status < 0)
			print_error("%s\n", err.msg);
	}
	state_dir_clear(&root);
	return status;
}

#define WRITERS 3
#define EACH 10

static void several_controllers(void **state)
{
	CLEANUP_HOST struct host *host = NULL;
	CLEANUP_CORDON struct cordon c = {0};
	struct state_dir root;
	struct err err = ERR_INIT;
	pid_t pids[WRITERS];

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		CLEANUP_FREE char *prefix = str_fmt("w%d-", i);
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(change(prefix, EACH) < 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status = -1;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	host = new_host();
	state_dir_init_root(&root, host, dir);
	assert_int_equal(cordon_load(&root, "rhel02", &c, &err), 0);
	assert_int_equal(c.n_left, WRITERS * EACH);
	/* Without a mark there is no file, and no directory. */
	assert_int_equal(cordon_change(&root, "rhel02", drop_all, NULL, &err), 0);
	CLEANUP_FREE char *path = str_fmt("%s/.cmigrate", dir);
	assert_int_not_equal(access(path, F_OK), 0);
	cordon_clear(&c);
	assert_int_equal(cordon_load(&root, "rhel02", &c, &err), 0);
	assert_null(c.host);
	state_dir_clear(&root);
}

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	dir = stub_dir_make();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_and_back),
		cmocka_unit_test(damage),
		cmocka_unit_test(marks_of_a_host),
		cmocka_unit_test(several_controllers),
	};

	return cmocka_run_group_tests_name("cordon", tests, set_up, tear_down);
}
