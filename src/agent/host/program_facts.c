/* SPDX-License-Identifier: MIT */
#include "program_facts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/request/fact.h"
#include "cmigrate/base/deadline.h"
#include "kept_answer.h"

#define ASK_MS 30000
#define REASON_MAX 1000
#define REASON_LINES 3

/* When a question is asked. */
enum need { ALWAYS, FOR_PASSES, FOR_PAGES };

static const struct question {
	const char *key; /* of the fact, and name of the kept answer */
	const char *argv[5];
	const char *prefix; /* of a version; NULL: the exit code is the answer */
	enum need need;
} questions[PROGRAM_QUESTIONS] = {
	{"runc", {"runc", "--version"}, "runc version ", ALWAYS},
	{"criu", {"criu", "--version"}, "Version: ", ALWAYS},
	{"criu-check", {"criu", "check"}, NULL, ALWAYS},
	{"dirty", {"criu", "check", "--feature", "mem_dirty_track"}, NULL, FOR_PASSES},
	{"uffd", {"criu", "check", "--feature", "uffd"}, NULL, FOR_PAGES},
};

static bool is_needed(const struct request *req, enum need need)
{
	if (need == FOR_PASSES)
		return request_is(req, "role", "source") &&
		       (request_is(req, "strategy", "auto") ||
			request_is(req, "strategy", "pre-copy") ||
			request_is(req, "strategy", "hybrid"));
	if (need == FOR_PAGES)
		return request_is(req, "role", "destination");
	return true;
}

/* 'criu check' itself: no fact says that nothing is missing. */
static bool is_whole_check(const struct question *q)
{
	return !q->prefix && q->need == ALWAYS;
}

static void say_answer(struct request *req, const struct question *q, const char *answer)
{
	if (q->prefix)
		fact_say(req, q->key, answer);
	else if (!is_whole_check(q))
		fact_say_yes(req, q->key, strcmp(answer, "yes") == 0);
}

static bool ask(struct request *req, const struct question *q, struct child *ret)
{
	const struct program program = {.argv = (char *const *)(uintptr_t)q->argv};

	return program_start(req, &program, ret) == 0;
}

void program_facts_begin(struct request *req, struct program_facts *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < PROGRAM_QUESTIONS; i++) {
		const struct question *q = &questions[i];
		if (!is_needed(req, q->need) || request_over(req))
			continue;
		if (!program_exists(q->argv[0])) {
			say_answer(req, q, "");
			continue;
		}
		char *identity = kept_answer_identity(q->argv[0]);
		CLEANUP_FREE char *kept = kept_answer_read(q->key, identity);
		if (kept)
			say_answer(req, q, kept);
		else
			ret->v[i].asked = ask(req, q, &ret->v[i].child);
		if (ret->v[i].asked)
			ret->v[i].kept_as = identity;
		else
			free(identity);
	}
}

static bool tells_reason(const char *line)
{
	return strstr(line, "Error") || strstr(line, "Warn") || strstr(line, "failed");
}

/* The first lines that name a cause. */
static void say_missing(struct request *req, struct buf *said)
{
	CLEANUP_FREE char *text = buf_steal(said);
	CLEANUP_BUF struct buf why = {0};
	char *save = NULL;
	size_t n = 0;

	for (char *line = strtok_r(text, "\n", &save); line && n < REASON_LINES;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!tells_reason(line))
			continue;
		buf_printf(&why, "%s%s", n++ ? " " : "", line);
	}
	request_say(req, "criu-check=%.*s\n", REASON_MAX, n ? buf_str(&why) : "failed");
}

/* The version from a program's first line; "" if it says none. Owned by the caller. */
static char *version_of(const struct buf *out, const char *prefix)
{
	CLEANUP_FREE char *line = str_dupn(buf_str(out), strcspn(buf_str(out), "\n"));

	return str_dup(str_starts(line, prefix) ? str_trim(line + strlen(prefix)) : "");
}

static void conclude(struct request *req, const struct question *q, int status, struct buf *out,
		     struct buf *err, const char *kept_as)
{
	CLEANUP_FREE char *answer =
		q->prefix ? version_of(out, q->prefix) : str_dup(status == 0 ? "yes" : "no");

	if (is_whole_check(q) && status != 0) {
		buf_puts(err, buf_str(out));
		say_missing(req, err);
		return;
	}
	say_answer(req, q, answer);
	/* 1 is criu's no. Every other code means that it has not answered. */
	if (*answer && (status == 0 || (status == 1 && !q->prefix)))
		kept_answer_write(q->key, kept_as, answer);
}

void program_facts_end(struct request *req, struct program_facts *facts)
{
	const int64_t end = deadline_in_ms(ASK_MS);

	for (size_t i = 0; i < PROGRAM_QUESTIONS; i++) {
		CLEANUP_BUF struct buf out = {0};
		CLEANUP_BUF struct buf err = {0};
		if (!facts->v[i].asked)
			continue;
		/* They run beside each other: several that hang take no longer than one. */
		int left_ms = deadline_poll_ms(end);
		int status = program_wait(req, &facts->v[i].child, left_ms > 0 ? left_ms : 1, &out,
					  &err);
		conclude(req, &questions[i], status, &out, &err, facts->v[i].kept_as);
		free(facts->v[i].kept_as);
	}
}
