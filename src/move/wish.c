/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/wish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/base/json.h"

/* A line has a few words. */
#define LINE_MAX_LEN 1024
#define BY_MAX 300
/* A day. */
#define DOWNTIME_MAX_MS 86400000

void wish_init(struct wish *wish)
{
	char host[256] = "";
	uint64_t random = 0;

	memset(wish, 0, sizeof(*wish));
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		random = (uint64_t)clock_now_us();
	(void)snprintf(wish->id, sizeof(wish->id), "%016llx", (unsigned long long)random);
	(void)gethostname(host, sizeof(host) - 1);
	wish->by = str_fmt("pid %d on %s", (int)getpid(), host);
}

void wish_clear(struct wish *wish)
{
	free(wish->by);
	memset(wish, 0, sizeof(*wish));
}

char *wish_line(const struct wish *wish, const char *move)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:b, s:i, s:I}", "wish", wish->id, "move",
				   move, "by", wish->by, "abort", wish->abort, "post_copy",
				   wish->post_copy, "max_downtime_ms", (int)wish->max_downtime_ms,
				   "bandwidth", (json_int_t)wish->bandwidth);
	CLEANUP_FREE char *text = json_line(object);

	json_decref(object);
	return str_fmt("%s\n", text ? text : "");
}

static bool is_id(const char *text)
{
	return text && strlen(text) == WISH_ID_SIZE - 1 &&
	       strspn(text, "0123456789abcdef") == WISH_ID_SIZE - 1;
}

static bool take(const json_t *object, const char *move, struct wish *ret)
{
	const char *id = json_string_value(json_object_get(object, "wish"));
	const char *to = json_string_value(json_object_get(object, "move"));
	const char *by = json_string_value(json_object_get(object, "by"));
	json_int_t ms = json_integer_value(json_object_get(object, "max_downtime_ms")),
		   rate = json_integer_value(json_object_get(object, "bandwidth"));

	if (!is_id(id) || !to || strcmp(to, move) != 0 || !by || strlen(by) > BY_MAX || ms < 0 ||
	    ms > DOWNTIME_MAX_MS || rate < 0)
		return false;
	*ret = (struct wish){.by = str_dup(by),
			     .abort = json_is_true(json_object_get(object, "abort")),
			     .post_copy = json_is_true(json_object_get(object, "post_copy")),
			     .max_downtime_ms = (unsigned)ms,
			     .bandwidth = (uint64_t)rate};
	memcpy(ret->id, id, WISH_ID_SIZE);
	str_mask(ret->by);
	return true;
}

bool wish_read(const char *line, size_t len, const char *move, struct wish *ret)
{
	if (len > LINE_MAX_LEN)
		return false;
	json_t *object = json_loadb(line, len, 0, NULL);
	bool taken = json_is_object(object) && take(object, move, ret);

	json_decref(object);
	return taken;
}

const char *wish_answer_word(enum wish_answer answer)
{
	static const char *const words[] = {
		[WISH_TAKEN] = "taken", [WISH_LATE] = "too-late", [WISH_REFUSED] = "refused"};

	return words[answer];
}

/* Whether it is still to be decided when and how memory goes. */
static bool decides(const struct wish_state *s)
{
	return !s->step || strcmp(s->step, "prepare") == 0 || strcmp(s->step, "pre-copy") == 0;
}

static bool is_step(const struct wish_state *s, const char *name)
{
	return s->step && strcmp(s->step, name) == 0;
}

/* Memory that goes straight: before the restore, or up to the end of the drain. */
static enum wish_answer decide_bandwidth(const struct wish_state *s)
{
	if (s->committed || is_step(s, "commit"))
		return WISH_LATE;
	if (strategy_is_post_copy(s->strategy))
		return WISH_TAKEN;
	if (!s->direct)
		return WISH_REFUSED;
	return s->released || is_step(s, "restore") ? WISH_LATE : WISH_TAKEN;
}

/* The answer to a wish for two things is the worse. */
static enum wish_answer worse(enum wish_answer a, enum wish_answer b)
{
	return a > b ? a : b;
}

static enum wish_answer decide_passes(const struct wish *wish, const struct wish_state *s)
{
	if (!strategy_is_pre_copy(s->strategy))
		return WISH_REFUSED;
	if (!decides(s))
		return WISH_LATE;
	return wish->post_copy && strategy_is_post_copy(s->strategy) ? WISH_REFUSED : WISH_TAKEN;
}

enum wish_answer wish_decide(const struct wish *wish, const struct wish_state *s)
{
	enum wish_answer answer = WISH_TAKEN;

	/* An endpoint that doesn't answer leads back, and only that. */
	if (wish->abort)
		return s->committed || (s->released && !is_step(s, "answer")) ? WISH_LATE
									      : WISH_TAKEN;
	if (wish->bandwidth)
		answer = decide_bandwidth(s);
	if (wish->max_downtime_ms || wish->post_copy)
		answer = worse(answer, decide_passes(wish, s));
	return answer;
}
