/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/throttle.h"

#include <stdio.h>
#include <string.h>

#define QUICK_MS 10000
#define FLOOR_PERCENT 10
/* The kernel takes no less. */
#define QUOTA_MIN_US 1000

bool quota_check(const char *word)
{
	size_t len = strlen(word);

	return strcmp(word, "max") == 0 ||
	       (len && len < QUOTA_SIZE - 1 && strspn(word, "0123456789") == len);
}

int quota_parse(const char *text, struct quota *ret, struct err *err)
{
	struct quota q = {.period = 0};

	if (sscanf(text, "%23s %llu %llu", q.quota, &q.period, &q.usage) != 3 || !q.period ||
	    !quota_check(q.quota))
		return err_set(err, EXIT_FAILED, "'%.40s' is not a quota of processor time", text);
	*ret = q;
	return 0;
}

static unsigned long long base_of(const struct quota *before, const struct quota *now, long long us)
{
	unsigned long long used = 0, quota = 0;

	if (us > 0 && now->usage > before->usage)
		used = (now->usage - before->usage) * now->period / (unsigned long long)us;
	if (strcmp(now->quota, "max") != 0 && sscanf(now->quota, "%llu", &quota) == 1 &&
	    quota < used)
		used = quota;
	return used;
}

bool throttle_more(struct throttle *t, const struct quota *before, const struct quota *now,
		   long long us, char ret[QUOTA_SIZE])
{
	if (!t->percent)
		*t = (struct throttle){.percent = 100, .base = base_of(before, now, us)};
	if (!t->base || t->percent <= FLOOR_PERCENT)
		return false;
	t->percent = t->percent / 2 > FLOOR_PERCENT ? t->percent / 2 : FLOOR_PERCENT;
	unsigned long long quota = t->base * t->percent / 100;
	(void)snprintf(ret, QUOTA_SIZE, "%llu", quota > QUOTA_MIN_US ? quota : QUOTA_MIN_US);
	return true;
}

int runtime_quota_look(const struct runtime *rt, struct quota *ret, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"quota", container, "op=look", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};

	if (host_output(rt->host, &cmd, &out, err) < 0)
		return -1;
	return quota_parse(out ? out : "", ret, err);
}

int runtime_quota_set(const struct runtime *rt, const char *quota, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *word = str_fmt("quota=%s", quota);
	char *argv[] = {"quota", container, "op=set", word, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}
