/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/ask_all.h"

#include <stdlib.h>
#include <string.h>

void ask_names(const struct config *config, bool here, struct argv *ret_names)
{
	CLEANUP_FREE char *own = config_here(config);

	for (size_t i = 0; i < config->n_hosts; i++)
		argv_add(ret_names, config->hosts[i].name);
	if (!config->n_hosts || (here && !argv_has(ret_names, own)))
		argv_add(ret_names, own);
}

static void start_all(struct answers *answers, const struct command *cmd)
{
	for (size_t i = 0; i < answers->n; i++) {
		struct answer *a = &answers->rows[i];
		(void)host_start(a->host, cmd, &a->job, &a->err);
	}
}

static void wait_all(struct answers *answers)
{
	struct job **jobs = mem_new(answers->n, sizeof(*jobs));
	size_t n = 0;

	for (size_t i = 0; i < answers->n; i++)
		if (answers->rows[i].job.state != JOB_NONE)
			jobs[n++] = &answers->rows[i].job;
	jobs_wait_all(jobs, n);
	free(jobs);
	for (size_t i = 0; i < answers->n; i++) {
		struct answer *a = &answers->rows[i];
		a->ok = a->job.state == JOB_DONE && job_failure(&a->job, &a->err) == 0;
	}
}

int answers_open(const struct config *config, const struct argv *names, const char *mark,
		 const struct events *events, struct answers *ret, struct err *err)
{
	ret->rows = mem_new(names->n, sizeof(*ret->rows));
	ret->n = 0;
	for (size_t i = 0; i < names->n; i++) {
		struct host *host = config_host(config, names->v[i], events, err);
		if (!host) {
			answers_clear(ret);
			return -1;
		}
		str_set(&host->mark, mark);
		ret->rows[ret->n++].host = host;
	}
	return 0;
}

void answers_ask(struct answers *answers, const struct command *cmd)
{
	start_all(answers, cmd);
	wait_all(answers);
}

int ask(const struct config *config, const struct argv *names, const struct command *cmd,
	const struct events *events, struct answers *ret, struct err *err)
{
	if (answers_open(config, names, NULL, events, ret, err) < 0)
		return -1;
	answers_ask(ret, cmd);
	return 0;
}

struct host *answers_take(struct answers *answers, const char *name)
{
	for (size_t i = 0; i < answers->n; i++) {
		struct answer *a = &answers->rows[i];
		if (!a->ok || !a->host || strcmp(a->host->name, name) != 0)
			continue;
		struct host *host = a->host;
		job_clear(&a->job);
		a->host = NULL;
		a->ok = false;
		return host;
	}
	return NULL;
}

bool answers_lost(const struct answers *answers, const char *name, struct err *ret_why)
{
	for (size_t i = 0; i < answers->n; i++) {
		const struct answer *a = &answers->rows[i];
		if (!a->host || !a->host->lost || strcmp(a->host->name, name) != 0)
			continue;
		*ret_why = a->err;
		return true;
	}
	return false;
}

char *answers_failures(const struct answers *answers)
{
	struct buf text = {0};

	for (size_t i = 0; i < answers->n; i++)
		if (!answers->rows[i].ok)
			buf_printf(&text, "%s%s", text.len ? "; " : "", answers->rows[i].err.msg);
	return buf_steal(&text);
}

void answers_clear(struct answers *answers)
{
	for (size_t i = 0; i < answers->n; i++) {
		job_clear(&answers->rows[i].job);
		host_free(answers->rows[i].host);
	}
	free(answers->rows);
	memset(answers, 0, sizeof(*answers));
}
