/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asked.h"
#include "cmigrate/protocol/status.h"
#include "stub.h"

static char *root;

static struct asked store(const char *op, const char *file, const char *input)
{
	CLEANUP_FREE char *op_word = str_fmt("op=%s", op);
	CLEANUP_FREE char *file_word = str_fmt("file=%s", file);

	return ask(root, input, "store", "container=web", op_word, file_word, NULL);
}

static void works(const char *op, const char *file, const char *input)
{
	CLEANUP_ASKED struct asked asked = store(op, file, input);

	if (asked.status != 0)
		fail_msg("%s: %d, %s", op, asked.status, asked.err);
}

static void fails(const char *op, const char *file, const char *input, const char *why)
{
	CLEANUP_ASKED struct asked asked = store(op, file, input);

	assert_int_equal(asked.status, 1);
	if (!strstr(asked.err, why))
		fail_msg("%s: %s", op, asked.err);
}

static void reads(const char *file, const char *text)
{
	CLEANUP_ASKED struct asked asked = store("read", file, NULL);

	assert_int_equal(asked.status, text ? 0 : 3);
	assert_string_equal(asked.out, text ? text : "");
}

static char *in_state(const char *file)
{
	return str_fmt("%s/web/.cmigrate/%s", root, file);
}

static void all_operations(void **state)
{
	CLEANUP_FREE char *dir = in_state("");
	CLEANUP_FREE char *path = in_state("journal");
	struct stat st;

	(void)state;
	reads("journal", NULL);
	works("remove", "journal", NULL);
	works("append", "journal", "one $(id) '\n");
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	works("note", "journal", "two\n");
	reads("journal", "one $(id) '\ntwo\n");
	works("replace", "journal", "new\n");
	reads("journal", "new\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	works("remove", "journal", NULL);
	reads("journal", NULL);
	/* No temporary file is left: the directory is empty. */
	assert_int_equal(rmdir(dir), 0);
}

static void other_files_are_refused(void **state)
{
	static const char *const files[] = {"lock",	      "config",	 "",	      "journal.1",
					    "../config.json", "cordon-", "cordon--x", "cordon-a/b"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CLEANUP_ASKED struct asked asked = store("read", files[i], NULL);
		assert_int_equal(asked.status, -1);
	}
	fails("rename", "journal", NULL, "op is none of");
}

/* Without a container: what concerns hosts, beside all bundles. */
static void the_marks_of_hosts(void **state)
{
	CLEANUP_FREE char *path = str_fmt("%s/.cmigrate/cordon-rhel02", root);
	CLEANUP_FREE char *dir = str_fmt("%s/.cmigrate", root);

	(void)state;
	CLEANUP_ASKED struct asked none =
		ask(root, NULL, "store", "op=read", "file=cordon-rhel02", NULL);
	assert_int_equal(none.status, 3);
	CLEANUP_ASKED struct asked locked = ask(root, NULL, "lock", "stamp=pid 1", NULL);
	assert_int_equal(locked.status, 0);
	CLEANUP_ASKED struct asked mark =
		ask(root, "{}\nmore\n", "store", "op=replace", "file=cordon-rhel02", NULL);
	assert_int_equal(mark.status, 0);
	assert_int_equal(access(path, F_OK), 0);
	/* The lock keeps out another one, whichever container that is for. */
	CLEANUP_ASKED struct asked again = ask(root, NULL, "lock", "stamp=pid 2", NULL);
	assert_int_equal(again.status, STATUS_LOCKED);
	CLEANUP_ASKED struct asked other =
		ask(root, NULL, "lock", "container=web", "stamp=pid 2", NULL);
	assert_int_equal(other.status, 0);
	CLEANUP_ASKED struct asked unlocked = ask(root, NULL, "unlock", NULL);
	assert_int_equal(unlocked.status, 0);
	CLEANUP_ASKED struct asked free = ask(root, NULL, "unlock", "container=web", NULL);
	assert_int_equal(free.status, 0);
	CLEANUP_ASKED struct asked list = ask(root, NULL, "list", "op=plain", NULL);
	assert_non_null(strstr(list.out, "\ncordon=rhel02 {}\n"));
	CLEANUP_ASKED struct asked gone =
		ask(root, NULL, "store", "op=remove", "file=cordon-rhel02", NULL);
	assert_int_equal(gone.status, 0);
	assert_int_equal(rmdir(dir), 0);
}

static void a_missing_bundle(void **state)
{
	CLEANUP_ASKED struct asked none =
		ask(root, NULL, "store", "container=none", "op=read", "file=journal", NULL);
	CLEANUP_ASKED struct asked add =
		ask(root, "x\n", "store", "container=none", "op=append", "file=journal", NULL);

	(void)state;
	assert_int_equal(none.status, 3);
	assert_int_equal(add.status, 1);
	assert_non_null(strstr(add.err, "No such file or directory"));
}

static void no_link_leads_elsewhere(void **state)
{
	static const char *const ops[] = {"read", "append", "note", "remove"};
	CLEANUP_FREE char *dir = str_fmt("%s/web/.cmigrate", root);
	CLEANUP_FREE char *elsewhere = str_fmt("%s/elsewhere", root);
	CLEANUP_FREE char *file = str_fmt("%s/elsewhere/journal", root);
	CLEANUP_FREE char *path = in_state("journal");

	(void)state;
	assert_int_equal(mkdir(elsewhere, 0700), 0);
	assert_int_equal(close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(symlink(elsewhere, dir), 0);
	for (size_t i = 0; i < 4; i++)
		fails(ops[i], "journal", "x\n", "symbolic link");
	fails("replace", "journal", "x\n", "symbolic link");
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(symlink(file, path), 0);
	for (size_t i = 0; i < 3; i++)
		fails(ops[i], "journal", "x\n", "symbolic link");
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 0);
	works("remove", "journal", NULL);
	assert_int_equal(unlink(file) + rmdir(elsewhere) + rmdir(dir), 0);
}

/* A reader of a fifo would wait for ever. */
static void only_regular_files(void **state)
{
	CLEANUP_FREE char *dir = in_state("");
	CLEANUP_FREE char *path = in_state("history");

	(void)state;
	assert_int_equal(mkdir(dir, 0700) + mkfifo(path, 0600), 0);
	fails("read", "history", NULL, "Invalid argument");
	assert_int_equal(unlink(path) + rmdir(dir), 0);
}

static void a_file_in_the_place_of_the_directory(void **state)
{
	CLEANUP_FREE char *dir = str_fmt("%s/web/.cmigrate", root);

	(void)state;
	assert_int_equal(close(open(dir, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	fails("read", "journal", NULL, "Not a directory");
	fails("append", "journal", "x\n", "Not a directory");
	fails("replace", "journal", "x\n", "Not a directory");
	fails("remove", "journal", NULL, "Not a directory");
	assert_int_equal(unlink(dir), 0);
}

#define MB (1024 * 1024)

static void sizes_are_bounded(void **state)
{
	CLEANUP_FREE char *text = mem_new(1, 2 * MB + 2);
	CLEANUP_FREE char *path = in_state("journal");
	struct stat st;

	(void)state;
	memset(text, 'x', 2 * MB + 1);
	fails("replace", "journal", text, "File too large");
	text[2 * MB] = '\0';
	works("replace", "journal", text);
	fails("append", "journal", "y\n", "File too large");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 2 * MB);
	/* One byte more than a reader takes, so that a part never passes for the whole. */
	CLEANUP_ASKED struct asked asked = store("read", "journal", NULL);
	assert_int_equal(asked.status, 0);
	assert_int_equal(strlen(asked.out), MB + 1);
	works("remove", "journal", NULL);
}

/* Half a line would be damage in the middle, once there is room again. */
static void a_torn_line_is_taken_back(void **state)
{
	int status;

	(void)state;
	works("append", "journal", "begin\n");
	pid_t child = fork();
	if (child == 0) {
		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &(struct rlimit){10, 10});
		struct asked asked = store("append", "journal", "much too long\n");
		_exit(asked.status == 1 && strstr(asked.err, "File too large") ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	reads("journal", "begin\n");
	works("remove", "journal", NULL);
}

/* A reader sees the old or the new file, never a part. */
static void replaced_at_once(void **state)
{
	CLEANUP_FREE char *a = mem_new(1, 20001), *b = mem_new(1, 10001);

	(void)state;
	memset(a, 'a', 20000);
	memset(b, 'b', 10000);
	works("replace", "history", a);
	pid_t child = fork();
	if (child == 0) {
		for (;;) {
			works("replace", "history", b);
			works("replace", "history", a);
		}
	}
	for (int i = 0; i < 300; i++) {
		CLEANUP_ASKED struct asked asked = store("read", "history", NULL);
		assert_int_equal(asked.status, 0);
		assert_true(strcmp(asked.out, a) == 0 || strcmp(asked.out, b) == 0);
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	works("remove", "history", NULL);
}

static struct asked bundles(void)
{
	return ask(root, NULL, "bundles", "file=journal", NULL);
}

static void bundles_with_a_file(void **state)
{
	CLEANUP_FREE char *link = str_fmt("%s/other", root);
	CLEANUP_FREE char *bare = str_fmt("%s/bare", root);
	CLEANUP_FREE char *strange = str_fmt("%s/a\nb", root);
	CLEANUP_FREE char *state_dir = str_fmt("%s/.cmigrate", strange);
	CLEANUP_FREE char *journal = str_fmt("%s/journal", state_dir);

	(void)state;
	assert_int_equal(mkdir(bare, 0700) + mkdir(strange, 0700) + symlink("web", link), 0);
	assert_int_equal(mkdir(state_dir, 0700) + mkdir(journal, 0700), 0);
	works("append", "journal", "x\n");
	CLEANUP_ASKED struct asked found = bundles();
	assert_int_equal(found.status, 0);
	assert_string_equal(found.out, "web\n");
	works("remove", "journal", NULL);
	CLEANUP_ASKED struct asked nothing = bundles();
	assert_int_equal(nothing.status, 0);
	assert_string_equal(nothing.out, "");
	assert_int_equal(
		unlink(link) + rmdir(bare) + rmdir(journal) + rmdir(state_dir) + rmdir(strange), 0);
	CLEANUP_ASKED struct asked away =
		ask("/nonexistent", NULL, "bundles", "file=journal", NULL);
	assert_int_equal(away.status, 1);
	assert_string_equal(away.err, "there is no directory '/nonexistent'\n");
}

static int set_up(void **state)
{
	(void)state;
	root = stub_dir_make();
	CLEANUP_FREE char *bundle = str_fmt("%s/web", root);
	return mkdir(bundle, 0755);
}

static int tear_down(void **state)
{
	(void)state;
	stub_dir_remove(root);
	return 0;
}

/* Whoever wishes something of a move that is over leaves nothing behind. */
static void added_to_what_is_there(void **state)
{
	(void)state;
	CLEANUP_ASKED struct asked none = store("add", "wishes", "late\n");
	assert_int_equal(none.status, 3);
	reads("wishes", NULL);
	works("note", "wishes", "");
	works("add", "wishes", "one\n");
	reads("wishes", "one\n");
	works("remove", "wishes", NULL);
}

/* What was said to a move, and by it, is found by its journal. */
static void all_files_of_a_move_go_with_its_journal(void **state)
{
	(void)state;
	works("note", "wishes", "one\n");
	works("note", "events", "two\n");
	works("append", "history", "three\n");
	works("remove", "journal", NULL);
	reads("wishes", NULL);
	reads("events", NULL);
	reads("history", "three\n");
	works("remove", "history", NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_operations),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(the_marks_of_hosts),
		cmocka_unit_test(a_missing_bundle),
		cmocka_unit_test(no_link_leads_elsewhere),
		cmocka_unit_test(only_regular_files),
		cmocka_unit_test(a_file_in_the_place_of_the_directory),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(a_torn_line_is_taken_back),
		cmocka_unit_test(added_to_what_is_there),
		cmocka_unit_test(all_files_of_a_move_go_with_its_journal),
		cmocka_unit_test(replaced_at_once),
		cmocka_unit_test(bundles_with_a_file),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
