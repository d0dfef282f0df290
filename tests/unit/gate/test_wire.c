/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/ssh_channel.h"
#include "gate/wire.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define MARKS "; printf '\\n%s %d\\n' " NONCE " $?; printf '\\n%s\\n' " NONCE " >&2\n"

static enum wire_state parse(const char *text, struct wire_line *line, size_t *len)
{
	struct err err = ERR_INIT;
	enum wire_state state = wire_parse(text, strlen(text), line, len, &err);

	assert_int_equal(state == WIRE_BAD, err.code == EXIT_USAGE);
	return state;
}

static void assert_words(const struct argv *a, char *const *words)
{
	size_t n = 0;

	for (; words && words[n]; n++)
		assert_string_equal(a->v[n], words[n]);
	assert_int_equal(a->n, n);
}

/* A line of the client is read as intended, and no byte after it is touched. */
static void a_written_line_is_read_back(void **state)
{
	char *plain[] = {"runc", "pause", "a b;c", "", "it's", "$(id)", "-n", "two\nlines\n", NULL};
	char *env[] = {"A=x y", "CRIU_CONFIG_FILE=", "B_C=a'b", NULL};
	const struct command rows[] = {
		{.argv = plain},
		{.argv = plain, .timeout_ms = 12034},
		{.argv = plain, .env = env, .timeout_ms = 1},
		{.argv = plain, .log = "/run/a b"},
		{.argv = plain, .input = "$(x)\n"},
		{.argv = plain, .input = "\n"},
		{.argv = plain, .env = env, .input = "a\nb\n", .log = "/l", .timeout_ms = 7200000},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		CLEANUP_BUF struct buf text = {0};
		size_t len = 0;
		channel_command(&text, &rows[i], NONCE);
		size_t whole = text.len;
		buf_puts(&text, "more");
		assert_int_equal(parse(text.s, &line, &len), WIRE_WHOLE);
		assert_int_equal(len, whole);
		assert_false(line.takes_over);
		assert_words(&line.argv, rows[i].argv);
		assert_words(&line.env, rows[i].env);
		assert_int_equal(line.timeout_ms, rows[i].timeout_ms);
		assert_string_equal(line.nonce, NONCE);
		assert_string_equal(line.input ? line.input : "-",
				    rows[i].input ? rows[i].input : "-");
		assert_string_equal(line.log ? line.log : "-", rows[i].log ? rows[i].log : "-");
	}
}

static void commands_that_take_over(void **state)
{
	char *argv[] = {"sh", "-c", "a\n'b'", "lock", NULL};
	CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
	CLEANUP_BUF struct buf text = {0};
	size_t len = 0;

	(void)state;
	channel_exec(&text, argv);
	assert_int_equal(parse(text.s, &line, &len), WIRE_WHOLE);
	assert_int_equal(len, text.len);
	assert_true(line.takes_over);
	assert_words(&line.argv, argv);
}

/* A partial command is never whole before its last byte, and never bad. */
static void byte_by_byte(void **state)
{
	char *env[] = {"A=x y", NULL}, *argv[] = {"sh", "-c", "it's\n", NULL};
	struct command cmd = {
		.argv = argv, .env = env, .input = "in\n", .log = "/l l", .timeout_ms = 5};
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	channel_command(&text, &cmd, NONCE);
	for (size_t i = 0; i < text.len; i++) {
		CLEANUP_FREE char *part = str_dupn(text.s, i);
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		size_t len = 0;
		assert_int_equal(parse(part, &line, &len), WIRE_PARTIAL);
		assert_null(line.argv.v);
		assert_int_equal(len, 0);
	}
}

/* A shell would accept each of them. */
static void other_spellings(void **state)
{
	static const char *const rows[] = {
		"id\n",
		"\n",
		"# x\n",
		"true" MARKS,
		"true </dev/null\n",
		"true  </dev/null" MARKS,
		" true </dev/null" MARKS,
		"'true' </dev/null" MARKS,
		"tr'ue' </dev/null" MARKS,
		"t\\rue </dev/null" MARKS,
		"\"true\" </dev/null" MARKS,
		"true\tx </dev/null" MARKS,
		"true; id </dev/null" MARKS,
		"true && id </dev/null" MARKS,
		"true | id </dev/null" MARKS,
		"true & id </dev/null" MARKS,
		"(true) </dev/null" MARKS,
		"echo $HOME </dev/null" MARKS,
		"echo $(id) </dev/null" MARKS,
		"echo `id` </dev/null" MARKS,
		"echo * </dev/null" MARKS,
		"echo ~ </dev/null" MARKS,
		"true </etc/passwd" MARKS,
		"true </dev/null >>/x 2>&1" MARKS,
		"true </dev/null >/x" MARKS,
		"true </dev/null >/x 2>&1 3>/y" MARKS,
		"true </dev/null >$(id) 2>&1" MARKS,
		"true <<" NONCE MARKS NONCE "\n",
		"timeout -k 1 5 true </dev/null" MARKS,
		"timeout -k 1 05.000 true </dev/null" MARKS,
		"timeout -k 1 99999999.000 true </dev/null" MARKS,
		"timeout -k 2 5.000 true </dev/null" MARKS,
		"timeout -k 1 0.000 true </dev/null" MARKS,
		"A=b </dev/null" MARKS,
		"a=b true </dev/null >'/x' 2>&1" MARKS,
		"true </dev/null; printf '\\n%s %d\\n' 0 $?; printf '\\n%s\\n' 0 >&2\n",
		"true </dev/null; printf '\\n%s %d\\n' " NONCE
		" $?; printf '\\n%s\\n' 11112233445566778899aabbccddeeff >&2\n",
		"true </dev/null; printf '\\n%s %d\\n' " NONCE " $?; printf '\\n%s\\n' " NONCE
		" >&2; id\n",
		"exec true; id\n",
		"exec\n",
		"exec \n",
		"exec true </dev/null\n",
		"exec  true\n",
		"execute\n",
		"cat <<'" NONCE "'" MARKS NONCE "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
		size_t len = 0;
		enum wire_state got = parse(rows[i], &line, &len);
		/* The last one may still become a command: its input has no end yet. */
		if (got != (i + 1 < sizeof(rows) / sizeof(*rows) ? WIRE_BAD : WIRE_PARTIAL))
			fail_msg("%s", rows[i]);
		assert_null(line.argv.v);
	}
}

static void no_byte_of_0_and_no_end(void **state)
{
	CLEANUP_WIRE_LINE struct wire_line line = {.takes_over = false};
	char *much = mem_new(WIRE_MAX_BYTES + 2, 1);
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	assert_int_equal(wire_parse("tr\0ue", 5, &line, &len, &err), WIRE_BAD);
	memset(much, 'a', WIRE_MAX_BYTES + 1);
	assert_int_equal(wire_parse(much, WIRE_MAX_BYTES, &line, &len, &err), WIRE_PARTIAL);
	assert_int_equal(wire_parse(much, WIRE_MAX_BYTES + 1, &line, &len, &err), WIRE_BAD);
	free(much);
}

static void words(void **state)
{
	static const char *const bad[] = {"",	"a  b", "a\nb", "a;b",	"'a'", "a ",
					  " a", "a\n",	"$x",	"a <b", "a>b", "'a"};
	CLEANUP_ARGV struct argv a = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(wire_words("exec env A=b 'x y' sh", &a, &err), 0);
	assert_words(&a, (char *[]){"exec", "env", "A=b", "x y", "sh", NULL});
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CLEANUP_ARGV struct argv none = {0};
		if (wire_words(bad[i], &none, &err) == 0 || none.n)
			fail_msg("'%s'", bad[i]);
		assert_int_equal(err.code, EXIT_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_written_line_is_read_back),
		cmocka_unit_test(commands_that_take_over),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(no_byte_of_0_and_no_end),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
