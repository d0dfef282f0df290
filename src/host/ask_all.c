/* SPDX-License-Identifier: MIT */
#include "cmigrate/host/ask_all.h"

#include <stdlib.h>
#include <string.h>

void ask_all_names(const struct config *config, bool here, struct argv *ret_names)
{
	CLEANUP_FREE char *own = config_here(config);

	for (size_t i = 0; i < config->n_hosts; i++)
		argv_add(ret_names, config->hosts[i].name);
	if (!config->n_hosts || (here && !argv_has(ret_names, own)))
		argv_add(ret_names, own);
}

static void start_all(struct replies *replies, const struct command *cmd)
{
	for (size_t i = 0; i < replies->n; i++) {
		struct reply *a = &replies->rows[i];
		(void)host_start(a->host, cmd, &a->job, &a->err);
	}
}

static void wait_all(struct replies *replies)
{
	struct job **jobs = mem_new(replies->n, sizeof(*jobs));
	size_t n = 0;

	for (size_t i = 0; i < replies->n; i++)
		if (replies->rows[i].job.state != JOB_NONE)
			jobs[n++] = &replies->rows[i].job;
	jobs_wait_all(jobs, n);
	free(jobs);
	for (size_t i = 0; i < replies->n; i++) {
		struct reply *a = &replies->rows[i];
		a->ok = a->job.state == JOB_DONE && job_failure(&a->job, &a->err) == 0;
	}
}

int replies_open(const struct config *config, const struct argv *names, const char *serves,
		 const struct events *events, struct replies *ret, struct err *err)
{
	ret->rows = mem_new(names->n, sizeof(*ret->rows));
	ret->n = 0;
	for (size_t i = 0; i < names->n; i++) {
		struct host *host = config_host(config, names->v[i], events, err);
		if (!host) {
			replies_clear(ret);
			return -1;
		}
		str_set(&host->serves, serves);
		ret->rows[ret->n++].host = host;
	}
	return 0;
}

void replies_ask(struct replies *replies, const struct command *cmd)
{
	start_all(replies, cmd);
	wait_all(replies);
}

int ask_all(const struct config *config, const struct argv *names, const struct command *cmd,
	    const struct events *events, struct replies *ret, struct err *err)
{
	if (replies_open(config, names, NULL, events, ret, err) < 0)
		return -1;
	replies_ask(ret, cmd);
	return 0;
}

struct host *replies_take(struct replies *replies, const char *name)
{
	for (size_t i = 0; i < replies->n; i++) {
		struct reply *a = &replies->rows[i];
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

bool replies_lost(const struct replies *replies, const char *name, struct err *ret_why)
{
	for (size_t i = 0; i < replies->n; i++) {
		const struct reply *a = &replies->rows[i];
		if (!a->host || !a->host->lost || strcmp(a->host->name, name) != 0)
			continue;
		*ret_why = a->err;
		return true;
	}
	return false;
}

char *replies_failures(const struct replies *replies)
{
	struct buf text = {0};

	for (size_t i = 0; i < replies->n; i++)
		if (!replies->rows[i].ok)
			buf_printf(&text, "%s%s", text.len ? "; " : "", replies->rows[i].err.msg);
	return buf_steal(&text);
}

char *replies_names(const struct replies *replies)
{
	struct buf text = {0};

	for (size_t i = 0; i < replies->n; i++)
		if (replies->rows[i].ok)
			buf_printf(&text, "%s%s", text.len ? ", " : "",
				   replies->rows[i].host->name);
	return buf_steal(&text);
}

char *replies_only_host(const struct replies *replies, const struct config *config)
{
	if (config->n_hosts || replies->n != 1 || !replies->rows[0].ok)
		return NULL;
	return str_fmt("%s, the only host asked; name others with --on or hosts in the "
		       "configuration",
		       replies->rows[0].host->name);
}

void replies_clear(struct replies *replies)
{
	for (size_t i = 0; i < replies->n; i++) {
		job_clear(&replies->rows[i].job);
		host_free(replies->rows[i].host);
	}
	free(replies->rows);
	memset(replies, 0, sizeof(*replies));
}
