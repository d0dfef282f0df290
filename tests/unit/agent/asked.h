/* SPDX-License-Identifier: MIT */
/* asked: a verb called as the agent calls it, with its fields checked, in the test's own thread. */
#ifndef CMIGRATE_TEST_ASKED_H
#define CMIGRATE_TEST_ASKED_H

#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/fields.h"
#include "agent/request.h"
#include "agent/verbs.h"
#include "cmigrate/base/deadline.h"

struct asked {
	int status; /* -1: a field was refused */
	char *out, *err;
};

static inline void asked_clear(struct asked *asked)
{
	str_free_p(&asked->out);
	str_free_p(&asked->err);
}
#define CLEANUP_ASKED __attribute__((cleanup(asked_clear)))

static inline struct asked ask_words(const char *root, const char *input, int64_t deadline,
				     va_list words)
{
	struct request req = {.root = root, .wake = eventfd(0, EFD_CLOEXEC), .deadline = deadline};
	struct asked asked = {.status = -1};
	const char *word;

	while ((word = va_arg(words, const char *)))
		argv_add(&req.words, word);
	if (input)
		buf_puts(&req.input, input);
	req.has_input = input != NULL;
	const struct verb *verb = verb_find(req.words.v[0]);
	if (verb && fields_check(&req, verb) == 0)
		asked.status = verb->serve(&req);
	asked.out = buf_steal(&req.out);
	asked.err = buf_steal(&req.err);
	buf_clear(&req.input);
	argv_clear(&req.words);
	(void)close(req.wake);
	return asked;
}

/* Words are the verb and its fields, up to NULL. input: NULL if there is none. */
static inline struct asked ask(const char *root, const char *input, ...)
{
	va_list ap;

	va_start(ap, input);
	struct asked asked = ask_words(root, input, 0, ap);
	va_end(ap);
	return asked;
}

/* As ask(), of a request that has so many milliseconds. */
static inline struct asked ask_within(int ms, const char *root, ...)
{
	va_list ap;

	va_start(ap, root);
	struct asked asked = ask_words(root, NULL, deadline_in_ms(ms), ap);
	va_end(ap);
	return asked;
}

#endif
