/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/hook.h"

#include <string.h>

#include "cmigrate/host/host.h"

/* A power switch or a load balancer may need this long. */
#define HOOK_MS 60000
#define PLACE "{host}"

static void add_word(struct argv *words, const char *word, const char *host)
{
	const char *place = host ? strstr(word, PLACE) : NULL;

	if (place)
		argv_addf(words, "%.*s%s%s", (int)(place - word), word, host,
			  place + strlen(PLACE));
	else
		argv_add(words, word);
}

int hook_run(const struct argv *hook, const char *host, char *const *env,
	     const struct events *events, struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};
	CLEANUP_JOB struct job job = {0};
	CLEANUP_HOST struct host *here = host_new("hook", NULL, NULL, events);

	for (size_t i = 0; i < hook->n; i++)
		add_word(&words, hook->v[i], host);
	if (!words.n)
		return 0;
	struct command cmd = {.argv = words.v, .env = env, .timeout_ms = HOOK_MS};
	if (host_start_program(here, &cmd, &job, err) < 0)
		return err_wrap(err, "%s", here->name);
	return job_finish(&job, err);
}
