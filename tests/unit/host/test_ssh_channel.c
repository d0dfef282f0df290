/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/host/ssh_channel.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define OUT_MARK "\n" NONCE " "
#define ERR_MARK "\n" NONCE "\n"

/* A command as a line for sh. */
static char *line_of(const struct command *cmd)
{
	struct buf line = {0};

	channel_command(&line, cmd, NONCE);
	return buf_steal(&line);
}

#define MARKS "; printf '\\n%s %d\\n' " NONCE " $?; printf '\\n%s\\n' " NONCE " >&2\n"

static void lines(void **state)
{
	char *plain[] = {"runc", "pause", "a b;c", NULL};
	char *env[] = {"A=x y", "B=", NULL};

	(void)state;
	CLEANUP_FREE char *bare = line_of(&(struct command){.argv = plain});
	assert_string_equal(bare, "runc pause 'a b;c' </dev/null" MARKS);
	CLEANUP_FREE char *timed = line_of(&(struct command){.argv = plain, .timeout_ms = 12034});
	assert_string_equal(timed, "timeout -k 1 12.034 runc pause 'a b;c' </dev/null" MARKS);
	CLEANUP_FREE char *with_env = line_of(&(struct command){.argv = plain, .env = env});
	assert_string_equal(with_env, "A='x y' B='' runc pause 'a b;c' </dev/null" MARKS);
	CLEANUP_FREE char *logged = line_of(&(struct command){.argv = plain, .log = "/run/a b"});
	assert_string_equal(logged, "runc pause 'a b;c' </dev/null >'/run/a b' 2>&1" MARKS);
	CLEANUP_FREE char *fed = line_of(&(struct command){.argv = plain, .input = "$(x)\n"});
	assert_string_equal(fed, "runc pause 'a b;c' <<'" NONCE "'" MARKS "$(x)\n" NONCE "\n");
}

static struct channel turned_away(void)
{
	struct channel ch = {.ssh = {-1, -1, -1, -1}};

	buf_puts(&ch.err, "kex_exchange_identification: Connection closed by remote host\n");
	return ch;
}

/* Only a channel that no command has reached, and only for some time. */
static void reconnects(void **state)
{
	CLEANUP_HOST struct host *host = host_new("rhel02", "root@rhel02", NULL, NULL);
	struct channel early = turned_away(), late = turned_away(), answered = turned_away();
	struct channel refused = {.ssh = {-1, -1, -1, -1}};

	(void)state;
	assert_true(channel_reconnects(&early, host));
	assert_true(early.again_us > clock_now_us());
	int64_t again = early.again_us;
	assert_true(channel_reconnects(&early, host));
	assert_int_equal(early.again_us, again);
	late.give_up_us = clock_now_us() - 1;
	assert_false(channel_reconnects(&late, host));
	answered.answered = true;
	assert_false(channel_reconnects(&answered, host));
	buf_clear(&answered.err);
	answered.answered = false;
	buf_puts(&answered.err, "Connection to rhel02 closed by remote host.\n");
	assert_false(channel_reconnects(&answered, host));
	buf_puts(&refused.err, "ssh: connect to host rhel02 port 22: Connection refused\n");
	assert_false(channel_reconnects(&refused, host));
	buf_clear(&early.err);
	buf_clear(&late.err);
	buf_clear(&answered.err);
	buf_clear(&refused.err);
}

static void put(struct channel *ch, const char *out, const char *err)
{
	buf_puts(&ch->out, out);
	buf_puts(&ch->err, err);
}

static bool result(struct channel *ch, char **ret_out, char **ret_err, int *ret_status)
{
	struct buf out = {0}, err = {0};
	bool there = channel_result(ch, NONCE, &out, &err, ret_status);

	*ret_out = buf_steal(&out);
	*ret_err = buf_steal(&err);
	return there;
}

static void clear(struct channel *ch)
{
	buf_clear(&ch->out);
	buf_clear(&ch->err);
}

/* The result is complete and never early: bytes arrive one by one, in any order of both streams. */
static void byte_by_byte(void **state)
{
	static const char out[] = "first\nNONCE\n" OUT_MARK "137\n", err[] = "why" ERR_MARK;

	(void)state;
	for (int errors_first = 0; errors_first < 2; errors_first++) {
		struct channel ch = {.busy = true};
		size_t first = errors_first ? strlen(err) : strlen(out);
		size_t all = strlen(err) + strlen(out);
		for (size_t i = 0; i < all; i++) {
			CLEANUP_FREE char *o = NULL, *e = NULL;
			int status = -1;
			assert_false(result(&ch, &o, &e, &status));
			assert_int_equal(status, -1);
			bool is_err = (i < first) == (errors_first != 0);
			size_t at = i < first ? i : i - first;
			buf_add(is_err ? &ch.err : &ch.out, (is_err ? err : out) + at, 1);
		}
		CLEANUP_FREE char *o = NULL, *e = NULL;
		int status = -1;
		assert_true(result(&ch, &o, &e, &status));
		assert_string_equal(o, "first\nNONCE\n");
		assert_string_equal(e, "why");
		assert_int_equal(status, 137);
		assert_int_equal(ch.out.len + ch.err.len, 0);
		clear(&ch);
	}
}

static void later_output_stays(void **state)
{
	struct channel ch = {.busy = true};
	CLEANUP_FREE char *o = NULL, *e = NULL;
	int status = -1;

	(void)state;
	put(&ch, OUT_MARK "0\nnext", ERR_MARK "more");
	assert_true(result(&ch, &o, &e, &status));
	assert_string_equal(o, "");
	assert_int_equal(status, 0);
	assert_string_equal(ch.out.s, "next");
	assert_string_equal(ch.err.s, "more");
	clear(&ch);
}

static void other_marks_are_output(void **state)
{
	static const char *const rows[] = {
		"\n00112233445566778899aabbccddeefe 0\n",
		"\n0\n",
		NONCE " 0\n",
		"x" NONCE " 0\n",
		"\n " NONCE " 0\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct channel ch = {.busy = true};
		CLEANUP_FREE char *o = NULL, *e = NULL, *again = NULL, *errors = NULL;
		int status = -1;
		put(&ch, rows[i], ERR_MARK);
		assert_false(result(&ch, &o, &e, &status));
		buf_puts(&ch.out, OUT_MARK "5\n");
		assert_true(result(&ch, &again, &errors, &status));
		assert_string_equal(again, rows[i]);
		assert_int_equal(status, 5);
		clear(&ch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(reconnects),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(later_output_stays),
		cmocka_unit_test(other_marks_are_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
