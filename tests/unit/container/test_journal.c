/* SPDX-License-Identifier: MIT */
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
#include <unistd.h>

#include "cmigrate/base/checksum.h"
#include "cmigrate/container/journal.h"
#include "stub.h"

static char *dir;

static char *line_of(const char *object)
{
	return str_fmt("%08x %s\n", checksum(object), object);
}

static void add_line(struct buf *text, const char *object)
{
	CLEANUP_FREE char *line = line_of(object);

	buf_puts(text, line);
}

#define BEGIN "{\"event\":\"begin\",\"move\":{\"id\":\"1\"}}"
#define INTENT(step) "{\"event\":\"intent\",\"step\":\"" step "\"}"
#define COMMIT "{\"event\":\"commit\"}"

static struct journal_state parse(const char *text, size_t len)
{
	struct journal_state state = {0};
	struct err err = ERR_INIT;

	if (journal_parse(text, len, &state, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(state.found);
	return state;
}

static void a_whole_journal(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	add_line(&text, BEGIN);
	add_line(&text, INTENT("prepare"));
	add_line(&text, INTENT("dump"));
	struct journal_state s = parse(text.s, text.len);
	assert_string_equal(json_string_value(json_object_get(s.move, "id")), "1");
	assert_string_equal(s.last_step, "dump");
	assert_false(s.committed || s.torn);
	assert_int_equal(s.good, text.len);
	journal_state_clear(&s);
	add_line(&text, COMMIT);
	s = parse(text.s, text.len);
	assert_true(s.committed);
	journal_state_clear(&s);
}

static void empty(void **state)
{
	(void)state;
	struct journal_state s = parse("", 0);
	assert_null(s.move);
	assert_false(s.committed || s.torn);
	journal_state_clear(&s);
}

/* A torn last write loses only itself: all whole lines before it count. */
static void torn_at_every_byte(void **state)
{
	static const char *const objects[] = {BEGIN, INTENT("prepare"), INTENT("dump"), COMMIT,
					      INTENT("clean")};
	CLEANUP_BUF struct buf text = {0};
	size_t ends[5];

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		add_line(&text, objects[i]);
		ends[i] = text.len;
	}
	for (size_t len = 0; len <= text.len; len++) {
		size_t lines = 0;
		while (lines < 5 && ends[lines] <= len)
			lines++;
		struct journal_state s = parse(text.s, len);
		size_t good = lines ? ends[lines - 1] : 0;
		assert_int_equal(s.good, good);
		assert_int_equal(s.torn, len != good);
		assert_int_equal(s.move != NULL, lines >= 1);
		assert_int_equal(s.committed, lines >= 4);
		if (lines >= 2)
			assert_string_equal(s.last_step, lines >= 5   ? "clean"
							 : lines >= 3 ? "dump"
								      : "prepare");
		else
			assert_null(s.last_step);
		journal_state_clear(&s);
	}
}

/* After a power loss, a disk may have the right length but other bytes. */
static void a_changed_byte(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	add_line(&text, BEGIN);
	size_t first = text.len;
	add_line(&text, COMMIT);
	for (size_t i = 0; i < text.len; i++) {
		struct journal_state s = {.good = 77};
		struct err err = ERR_INIT;
		text.s[i] ^= 1;
		int status = journal_parse(text.s, text.len, &s, &err);
		if (i < first) {
			assert_int_equal(status, -1);
			assert_int_equal(err.code, EXIT_BUSY);
			assert_non_null(strstr(err.msg, "journal, line 1: damaged"));
			assert_int_equal(s.good, 77);
		} else {
			assert_int_equal(status, 0);
			assert_true(s.torn);
			assert_false(s.committed);
			assert_int_equal(s.good, first);
			journal_state_clear(&s);
		}
		text.s[i] ^= 1;
	}
}

static void damaged_in_the_middle(void **state)
{
	static const char *const middles[] = {
		"\n",
		"garbage\n",
		"00000000 {\"event\":\"commit\"}\n",
		"{\"event\":\"commit\"}\n",
		"        \n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(middles) / sizeof(*middles); i++) {
		CLEANUP_BUF struct buf text = {0};
		struct journal_state s = {0};
		struct err err = ERR_INIT;
		add_line(&text, BEGIN);
		buf_puts(&text, middles[i]);
		/* A damaged last line counts as torn. */
		assert_int_equal(journal_parse(text.s, text.len, &s, &err), 0);
		assert_true(s.torn && s.move && !s.committed);
		journal_state_clear(&s);
		add_line(&text, COMMIT);
		assert_int_equal(journal_parse(text.s, text.len, &s, &err), -1);
		assert_string_equal(err.msg, "journal, line 2: damaged");
	}
}

/* A right sum alone is not enough. */
static void not_an_entry(void **state)
{
	static const char *const objects[] = {
		"", "{", "[]", "{}", "7", "{\"event\":1}", "{\"event\":\"commit\"} x"};

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		CLEANUP_FREE char *line = line_of(objects[i]);
		struct journal_state s = {0};
		struct err err = ERR_INIT;
		assert_int_equal(journal_parse(line, strlen(line), &s, &err), -1);
		assert_string_equal(err.msg, "journal, line 1: damaged");
	}
}

/* Entries of later versions are ignored. */
static void unknown_entries(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	add_line(&text, BEGIN);
	add_line(&text, "{\"event\":\"colour\",\"step\":\"x\"}");
	add_line(&text, "{\"event\":\"intent\"}");
	add_line(&text, "{\"event\":\"begin\",\"move\":{\"id\":\"2\"}}");
	struct journal_state s = parse(text.s, text.len);
	assert_false(s.torn);
	assert_null(s.last_step);
	assert_string_equal(json_string_value(json_object_get(s.move, "id")), "1");
	journal_state_clear(&s);
	/* Only "change" says anew what the move is. */
	add_line(&text, "{\"event\":\"change\",\"move\":{\"id\":\"3\"}}");
	add_line(&text, "{\"event\":\"change\",\"move\":4}");
	s = parse(text.s, text.len);
	assert_string_equal(json_string_value(json_object_get(s.move, "id")), "3");
	journal_state_clear(&s);
}

static void huge(void **state)
{
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	add_line(&text, BEGIN);
	for (int i = 0; i < 20000; i++)
		add_line(&text, INTENT("again"));
	add_line(&text, COMMIT);
	struct journal_state s = parse(text.s, text.len);
	assert_true(s.committed);
	assert_int_equal(s.good, text.len);
	journal_state_clear(&s);
}

static void ok(int status, const struct err *err)
{
	if (status < 0)
		fail_msg("%s", err->msg);
}

static void init(struct state_dir *state_dir, struct host *host)
{
	CLEANUP_FREE char *bundle = str_fmt("%s/web", dir);

	str_set(&host->root, dir);
	(void)mkdir(bundle, 0755);
	state_dir_init(state_dir, host, bundle);
}

/* JSON can't hold these bytes: an error, not a crash. */
static void invalid_utf8(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	struct err err = ERR_INIT;
	struct state_dir state_dir;

	(void)state;
	init(&state_dir, here);
	struct journal journal = {.state_dir = &state_dir};
	assert_int_equal(journal_begin(&journal, NULL, &err), -1);
	assert_int_equal(err.code, EXIT_FAILED);
	assert_int_equal(journal_add(&journal, "intent", "\xff", true, &err), -1);
	state_dir_clear(&state_dir);
}

typedef void both_fn(const struct state_dir *state_dir);

static void on_both(both_fn *test)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_HOST struct host *far = host_new("far", "far", NULL, NULL);
	struct host *both[] = {here, far};

	for (size_t i = 0; i < 2; i++) {
		struct state_dir state_dir;
		init(&state_dir, both[i]);
		test(&state_dir);
		state_dir_clear(&state_dir);
	}
}

static struct journal_state load(const struct state_dir *state_dir)
{
	struct journal_state s;
	struct err err = ERR_INIT;

	ok(journal_load(state_dir, &s, &err), &err);
	return s;
}

static void round_trip(const struct state_dir *state_dir)
{
	struct journal journal = {.state_dir = state_dir};
	json_t *move = json_pack("{s:s, s:i}", "id", "x 'y' $(z)\n", "n", 7);
	struct err err = ERR_INIT;

	struct journal_state s = load(state_dir);
	assert_false(s.found);
	ok(journal_begin(&journal, move, &err), &err);
	assert_int_equal(move->refcount, 1);
	ok(journal_add(&journal, "intent", "prepare", false, &err), &err);
	ok(journal_add(&journal, "intent", "dump", false, &err), &err);
	s = load(state_dir);
	assert_true(s.found && !s.torn && !s.committed);
	assert_true(json_equal(s.move, move));
	journal_state_clear(&s);
	ok(journal_add(&journal, "commit", NULL, true, &err), &err);
	/* The intents came along, in order. */
	s = load(state_dir);
	assert_true(s.committed);
	assert_string_equal(s.last_step, "dump");
	journal_state_clear(&s);
	/* Nothing is written while the container is frozen. */
	journal.holds = true;
	ok(journal_add(&journal, "intent", "restore", false, &err), &err);
	s = load(state_dir);
	assert_string_equal(s.last_step, "dump");
	journal_state_clear(&s);
	ok(journal_add(&journal, "undo", NULL, true, &err), &err);
	s = load(state_dir);
	assert_string_equal(s.last_step, "restore");
	assert_false(s.committed);
	journal_state_clear(&s);
	ok(journal_add(&journal, "intent", "release", false, &err), &err);
	journal.holds = false;
	ok(journal_add(&journal, "intent", "answer", false, &err), &err);
	ok(journal_add(&journal, "commit", NULL, true, &err), &err);
	s = load(state_dir);
	assert_string_equal(s.last_step, "answer");
	assert_true(s.committed && !s.torn);
	journal_state_clear(&s);
	ok(journal_end(&journal, &err), &err);
	s = load(state_dir);
	assert_false(s.found);
	journal_clear(&journal);
	json_decref(move);
}

static void written_and_read_back(void **state)
{
	(void)state;
	on_both(round_trip);
}

static void mended(const struct state_dir *state_dir)
{
	struct journal journal = {.state_dir = state_dir};
	CLEANUP_BUF struct buf text = {0};
	struct err err = ERR_INIT;

	add_line(&text, BEGIN);
	add_line(&text, INTENT("dump"));
	buf_puts(&text, "1234abcd {\"event\":\"com\n");
	ok(state_dir_replace(state_dir, JOURNAL_FILE, text.s, &err), &err);
	struct journal_state s = load(state_dir);
	assert_true(s.torn);
	ok(journal_mend(state_dir, &s, &err), &err);
	journal_state_clear(&s);
	ok(journal_add(&journal, "commit", NULL, true, &err), &err);
	s = load(state_dir);
	assert_true(s.committed && !s.torn);
	assert_string_equal(s.last_step, "dump");
	/* A whole journal is left alone. */
	ok(journal_mend(state_dir, &s, &err), &err);
	journal_state_clear(&s);
	s = load(state_dir);
	assert_true(s.committed);
	/* A journal that has become shorter meanwhile belongs to somebody else. */
	s.torn = true;
	ok(state_dir_replace(state_dir, JOURNAL_FILE, "x\n", &err), &err);
	assert_int_equal(journal_mend(state_dir, &s, &err), -1);
	journal_state_clear(&s);
	ok(journal_end(&journal, &err), &err);
	journal_clear(&journal);
}

static void a_torn_tail_is_cut_off(void **state)
{
	(void)state;
	on_both(mended);
}

static int set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	dir = stub_dir_make();
	stub_ssh(dir);
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
		cmocka_unit_test(a_whole_journal),	  cmocka_unit_test(empty),
		cmocka_unit_test(torn_at_every_byte),	  cmocka_unit_test(a_changed_byte),
		cmocka_unit_test(damaged_in_the_middle),  cmocka_unit_test(not_an_entry),
		cmocka_unit_test(unknown_entries),	  cmocka_unit_test(huge),
		cmocka_unit_test(invalid_utf8),		  cmocka_unit_test(written_and_read_back),
		cmocka_unit_test(a_torn_tail_is_cut_off),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
