/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/strategy.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	bool pre_copy, post_copy;
} strategies[] = {
	[STRATEGY_AUTO] = {"auto", false, false},
	[STRATEGY_COLD] = {"cold", false, false},
	[STRATEGY_PRE_COPY] = {"pre-copy", true, false},
	[STRATEGY_POST_COPY] = {"post-copy", false, true},
	[STRATEGY_HYBRID] = {"hybrid", true, true},
	[STRATEGY_CHECKPOINT] = {"checkpoint", false, false},
	[STRATEGY_RESTORE] = {"restore", false, false},
	[STRATEGY_REHEARSAL] = {"rehearsal", false, false},
};

const char *const strategy_words[] = {"auto", "cold", "pre-copy", "post-copy", "hybrid", NULL};
const char *const transport_words[] = {
	[TRANSPORT_SHARED] = "shared", [TRANSPORT_DIRECT] = "direct", NULL};

const char *const encrypt_words[] = {[ENCRYPT_REQUIRED] = "required",
				     [ENCRYPT_IF_POSSIBLE] = "if-possible",
				     [ENCRYPT_OFF] = "off",
				     NULL};

const char *const if_slow_words[] = {
	[IF_SLOW_GO] = "go", [IF_SLOW_ABORT] = "abort", [IF_SLOW_POST_COPY] = "post-copy", NULL};

/* Its place in the list; -1: it isn't there. */
static int place(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

const char *strategy_name(enum strategy_id id)
{
	return strategies[id].name;
}

bool strategy_parse(const char *name, enum strategy_id *ret)
{
	for (size_t i = 0; i < sizeof(strategies) / sizeof(*strategies); i++) {
		if (strcmp(strategies[i].name, name) != 0)
			continue;
		*ret = (enum strategy_id)i;
		return true;
	}
	return false;
}

bool strategy_is_pre_copy(enum strategy_id id)
{
	return strategies[id].pre_copy;
}

bool strategy_is_post_copy(enum strategy_id id)
{
	return strategies[id].post_copy;
}

const char *transport_name(enum transport transport)
{
	return transport_words[transport];
}

bool transport_parse(const char *name, enum transport *ret)
{
	int i = place(transport_words, name);

	if (i >= 0)
		*ret = (enum transport)i;
	return i >= 0;
}

bool encrypt_parse(const char *word, enum encrypt *ret)
{
	int i = place(encrypt_words, word);

	if (i >= 0)
		*ret = (enum encrypt)i;
	return i >= 0;
}

bool if_slow_parse(const char *word, enum if_slow *ret)
{
	int i = place(if_slow_words, word);

	if (i >= 0)
		*ret = (enum if_slow)i;
	return i >= 0;
}
