/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/check_all.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/memory_left.h"
#include "cmigrate/container/find_host.h"
#include "part.h"

/* A host that is being asked. */
struct asked {
	struct host *host;
	struct job job, room, files;
};

/* Lists the other hosts. The lock is taken through this machine if it is one of them. */
static int name_hosts(struct move *m, const struct config *config, const char *from,
		      struct survey *s, struct err *err)
{
	CLEANUP_FREE char *here = config_here(config);

	if (from && name_check_host(from, err) < 0)
		return -1;
	if (from)
		m->side[SOURCE].name = str_dup(from);
	else if (find_host_of(config, m->bundle.name, NULL, m->id, m->events, &m->asked,
			      &m->side[SOURCE].name, err) < 0)
		return -1;
	s->source = str_dup(m->side[SOURCE].name);
	s->hosts = mem_new(config->n_hosts, sizeof(*s->hosts));
	for (size_t i = 0; i < config->n_hosts; i++)
		if (strcmp(config->hosts[i].name, m->side[SOURCE].name) != 0)
			s->hosts[s->n++].name = str_dup(config->hosts[i].name);
	for (size_t i = 0; i < s->n; i++)
		if (!m->side[DESTINATION].name || strcmp(s->hosts[i].name, here) == 0)
			str_set(&m->side[DESTINATION].name, s->hosts[i].name);
	return s->n ? 0 : config_need_hosts(config, 2, err);
}

/* The host through which the lock is held is connected already. */
static int connect_host(struct move *m, const struct config *config, const char *name,
			struct asked *ret, struct err *err)
{
	if (strcmp(name, m->side[DESTINATION].name) == 0) {
		ret->host = m->side[DESTINATION].host;
		return 0;
	}
	ret->host = move_host(m, config, name, err);
	return ret->host ? 0 : -1;
}

static void take_reply(struct move *m, const struct config *config, const struct move_opts *opts,
		       struct asked *asked, struct survey_host *row)
{
	row->answers = asked->job.state == JOB_DONE && job_failure(&asked->job, &row->verdict) == 0;
	if (!row->answers) {
		row->verdict.code = EXIT_REFUSED;
		return;
	}
	if (room_read(config_find(config, row->name), &asked->room, &m->destination_room,
		      &row->verdict) < 0) {
		row->verdict.code = EXIT_REFUSED;
		return;
	}
	if (asked->files.state != JOB_NONE && job_failure(&asked->files, &row->verdict) < 0) {
		row->verdict.code = EXIT_REFUSED;
		return;
	}
	buf_puts(&asked->job.out, buf_str(&asked->files.out));
	str_set(&m->side[DESTINATION].name, row->name);
	facts_clear(&m->side[DESTINATION].facts);
	facts_parse(&m->side[DESTINATION].facts, buf_str(&asked->job.out));
	(void)move_check(m, config, opts, &row->verdict);
	row->checks = m->checks;
	memset(&m->checks, 0, sizeof(m->checks));
}

/* A second question to those that have answered the first. */
static int ask_files(struct move *m, struct asked *asked, struct survey *s, struct err *err)
{
	struct job **jobs = mem_new(s->n + 1, sizeof(*jobs));
	int status = 0;
	size_t n = 0;

	for (size_t i = 0; status == 0 && i < s->n; i++) {
		if (asked[i].job.state != JOB_DONE || asked[i].job.lost)
			continue;
		status = move_ask_files(m, asked[i].host, &asked[i].files, err);
		if (asked[i].files.state != JOB_NONE)
			jobs[n++] = &asked[i].files;
	}
	jobs_wait_all(jobs, n);
	free(jobs);
	return status;
}

static int ask_hosts(struct move *m, const struct config *config, struct asked *asked,
		     struct survey *s, struct err *err)
{
	CLEANUP_JOB struct job source = {0};
	struct job **jobs = mem_new(s->n + 1, sizeof(*jobs));
	size_t n = 0;

	int status = move_ask(m, m->side[SOURCE].host, "source", &source, err);
	if (status == 0)
		jobs[n++] = &source;
	for (size_t i = 0; status == 0 && i < s->n; i++)
		if (asked[i].host &&
		    move_ask(m, asked[i].host, "destination", &asked[i].job,
			     &s->hosts[i].verdict) == 0 &&
		    room_ask(config_find(config, s->hosts[i].name), asked[i].host, &asked[i].room,
			     &s->hosts[i].verdict) == 0)
			jobs[n++] = &asked[i].job;
	if (status == 0)
		move_ask_endpoints(m);
	jobs_wait_all(jobs, n);
	free(jobs);
	if (status == 0)
		status = job_failure(&source, err);
	if (status < 0) {
		err->code = EXIT_REFUSED;
		return -1;
	}
	facts_parse(&m->side[SOURCE].facts, buf_str(&source.out));
	return ask_files(m, asked, s, err);
}

static int ask_and_check(struct move *m, const struct config *config, const struct move_opts *opts,
			 struct survey *s, struct err *err)
{
	struct asked *asked = mem_new(s->n, sizeof(*asked));
	int status = 0;

	for (size_t i = 0; i < s->n && status == 0; i++)
		if (!replies_lost(&m->asked, s->hosts[i].name, &s->hosts[i].verdict))
			status = connect_host(m, config, s->hosts[i].name, &asked[i], err);
	replies_clear(&m->asked);
	if (status == 0)
		status = ask_hosts(m, config, asked, s, err);
	for (size_t i = 0; i < s->n && status == 0; i++)
		take_reply(m, config, opts, &asked[i], &s->hosts[i]);
	for (size_t i = 0; i < s->n; i++) {
		job_clear(&asked[i].job);
		job_clear(&asked[i].room);
		job_clear(&asked[i].files);
		if (asked[i].host != m->side[DESTINATION].host)
			host_free(asked[i].host);
	}
	free(asked);
	return status;
}

static int survey(struct move *m, const struct config *config, const struct move_opts *opts,
		  struct survey *s, struct err *err)
{
	if (name_hosts(m, config, opts->from, s, err) < 0 || move_connect(m, config, err) < 0)
		return -1;
	int status = 0;
	if (move_read_bundle(m, err) < 0 || move_resolve_options(m, config, opts, err) < 0 ||
	    move_take_lock(m, true, err) < 0 || move_find_members(m, config, opts, true, err) < 0 ||
	    ask_and_check(m, config, opts, s, err) < 0)
		status = -1;
	if (!m->side[SOURCE].host->lost)
		move_remove_proof(m);
	return status;
}

int survey_make(const struct config *config, const struct move_opts *opts, const char *name,
		const struct events *events, struct survey *ret, struct err *err)
{
	struct move *m = mem_new(1, sizeof(*m));

	memset(ret, 0, sizeof(*ret));
	int status = move_begin(m, config, opts, name, events, err);
	if (status == 0)
		status = survey(m, config, opts, ret, err);
	move_free(m);
	if (status < 0)
		survey_clear(ret);
	return status;
}

void survey_clear(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->hosts[i].name);
		check_results_clear(&s->hosts[i].checks);
	}
	free(s->hosts);
	free(s->source);
	memset(s, 0, sizeof(*s));
}
