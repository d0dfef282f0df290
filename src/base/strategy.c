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
};

const char *const strategy_words[] = {"auto", "cold", "pre-copy", "post-copy", "hybrid", NULL};
const char *const transport_words[] = {
	[TRANSPORT_SHARED] = "shared", [TRANSPORT_DIRECT] = "direct", NULL};

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
	for (size_t i = 0; transport_words[i]; i++) {
		if (strcmp(transport_words[i], name) != 0)
			continue;
		*ret = (enum transport)i;
		return true;
	}
	return false;
}
