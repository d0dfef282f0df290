/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/protocol/frame.h"

static void a_request_arrives_as_it_was_sent(void **state)
{
	CLEANUP_BUF struct buf wire = {0};
	struct frame frame;
	struct frame_request request;
	struct err err = ERR_INIT;
	char *words[] = {"hold", "op=set", "", "text=a b\n'\"\xff", NULL};

	(void)state;
	frame_request_add(&wire, 7, 1234, 99, words, "input\n");
	assert_int_equal(frame_read(&wire, &frame, &err), 1);
	assert_int_equal(frame.kind, FRAME_REQUEST);
	assert_int_equal(frame.id, 7);
	assert_int_equal(frame_request_read(&frame, &request, &err), 0);
	assert_int_equal(request.timeout_ms, 1234);
	assert_int_equal(request.limit, 99);
	assert_int_equal(request.words.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(request.words.v[i], words[i]);
	assert_true(request.has_input);
	assert_string_equal(buf_str(&request.input), "input\n");
	frame_request_clear(&request);
	frame_drop(&wire, &frame);
	assert_int_equal(wire.len, 0);
}

static void no_input_differs_from_an_empty_one(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP_BUF struct buf wire = {0};
		struct frame frame;
		struct frame_request request;
		struct err err = ERR_INIT;
		frame_request_add(&wire, 1, 0, 0, (char *[]){"x", NULL}, i ? "" : NULL);
		assert_int_equal(frame_read(&wire, &frame, &err), 1);
		assert_int_equal(frame_request_read(&frame, &request, &err), 0);
		assert_int_equal(request.has_input, i);
		assert_int_equal(request.input.len, 0);
		frame_request_clear(&request);
	}
}

static void part_of_a_frame_is_waited_for(void **state)
{
	CLEANUP_BUF struct buf whole = {0};
	struct frame frame;
	struct err err = ERR_INIT;

	(void)state;
	frame_add(&whole, FRAME_OUT, 3, "abc", 3);
	for (size_t n = 0; n < whole.len; n++) {
		CLEANUP_BUF struct buf part = {0};
		buf_add(&part, whole.s, n);
		assert_int_equal(frame_read(&part, &frame, &err), 0);
	}
	assert_int_equal(frame_read(&whole, &frame, &err), 1);
	assert_int_equal(frame.len, 3);
	assert_memory_equal(frame.payload, "abc", 3);
}

static void what_is_no_frame_is_an_error(void **state)
{
	static const char *const texts[] = {
		"Welcome to rhel02!\n",		    /* too long, and no kind */
		"\0\0\0\1\0\0\0\0\0\0\0\0x",	    /* kind 0 */
		"\0\0\0\1\0\0\0\0\x63\0\0\0x",	    /* no such kind */
		"\0\0\0\1\0\0\0\0\1\0\0\1x",	    /* a byte that has to be 0 */
		"\x7f\xff\xff\xff\0\0\0\0\1\0\0\0", /* longer than any */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CLEANUP_BUF struct buf wire = {0};
		struct frame frame;
		struct err err = ERR_INIT;
		buf_add(&wire, texts[i], FRAME_HEADER);
		assert_int_equal(frame_read(&wire, &frame, &err), -1);
		assert_int_equal(err.code, EXIT_FAILED);
	}
}

static int read_request(const void *payload, size_t len)
{
	struct frame frame = {FRAME_REQUEST, 1, payload, len};
	struct frame_request request;
	struct err err = ERR_INIT;
	int status = frame_request_read(&frame, &request, &err);

	if (status == 0)
		frame_request_clear(&request);
	return status;
}

static void requests_that_are_cut_or_too_long_are_errors(void **state)
{
	(void)state;
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\1\0\0x", 14), 0);
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\1\0\0x", 13), -1);   /* no NUL */
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\1\0\0x", 11), -1);   /* no header */
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\2\0\0x\0", 14), -1); /* one word less */
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\0\0\0x\0", 14), -1); /* no verb */
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\xff\xff\0\0x\0", 14), -1);
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\1\0\0x\0y", 15), -1); /* unknown rest */
	assert_int_equal(read_request("\0\0\0\0\0\0\0\0\0\1\2\0x\0y", 15), -1);
}

static void an_end_has_its_status_and_flags(void **state)
{
	CLEANUP_BUF struct buf wire = {0};
	struct frame frame;
	struct frame_end end;
	struct err err = ERR_INIT;

	(void)state;
	frame_end_add(&wire, 5, &(struct frame_end){.status = 137, .truncated = true});
	assert_int_equal(frame_read(&wire, &frame, &err), 1);
	assert_int_equal(frame_end_read(&frame, &end, &err), 0);
	assert_int_equal(end.status, 137);
	assert_false(end.timed_out);
	assert_true(end.truncated);
	frame.len = 1;
	assert_int_equal(frame_end_read(&frame, &end, &err), -1);
}

static void a_hello_is_a_few_words(void **state)
{
	CLEANUP_BUF struct buf wire = {0};
	CLEANUP_ARGV struct argv words = {0};
	struct frame frame;
	struct err err = ERR_INIT;

	(void)state;
	frame_hello_add(&wire, (char *[]){"cmigrate", "1", "", NULL});
	assert_int_equal(frame_read(&wire, &frame, &err), 1);
	assert_int_equal(frame_hello_read(&frame, &words, &err), 0);
	assert_int_equal(words.n, 3);
	assert_string_equal(words.v[2], "");
	argv_clear(&words);
	frame = (struct frame){FRAME_HELLO, 0, "a\0b", 3};
	assert_int_equal(frame_hello_read(&frame, &words, &err), -1);
	char many[100] = {0};
	frame = (struct frame){FRAME_HELLO, 0, many, sizeof(many)};
	assert_int_equal(frame_hello_read(&frame, &words, &err), -1);
	frame.len = 0;
	assert_int_equal(frame_hello_read(&frame, &words, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_arrives_as_it_was_sent),
		cmocka_unit_test(no_input_differs_from_an_empty_one),
		cmocka_unit_test(part_of_a_frame_is_waited_for),
		cmocka_unit_test(what_is_no_frame_is_an_error),
		cmocka_unit_test(requests_that_are_cut_or_too_long_are_errors),
		cmocka_unit_test(an_end_has_its_status_and_flags),
		cmocka_unit_test(a_hello_is_a_few_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
