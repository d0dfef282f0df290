/* SPDX-License-Identifier: MIT */
#include "cmigrate/receive.h"

#include <stdlib.h>

#include "cmigrate/script.h"

#define QUICK_MS 10000
/* For criu to start. */
#define LISTEN_MS 20000
/* For a page server that has ended by its own limit to say so. */
#define SELF_MS 5000
/* Small images, but tmpfs with contents are among them. */
#define GATHER_MS 60000

static int start(struct host *host, const struct argv *a, char *const *env, int timeout_ms,
		 struct job *job, struct err *err)
{
	CLEANUP_FREE char *shown = script_shown(a);

	return host_start(
		host,
		&(struct command){
			.argv = a->v, .env = env, .shown = shown, .timeout_ms = timeout_ms},
		job, err);
}

static int run(struct host *host, const struct argv *a, int timeout_ms, struct err *err)
{
	CLEANUP_JOB struct job job = {0};

	if (start(host, a, NULL, timeout_ms, &job, err) < 0)
		return -1;
	job_wait(&job);
	return job_failure(&job, err);
}

int receive_start(const struct pages *pages, const struct runtime *destination, unsigned pass,
		  unsigned parent_pass, int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *number = str_fmt("%u", pass);
	CLEANUP_FREE char *parent = str_fmt("%u", parent_pass);
	CLEANUP_FREE char *port = str_fmt("%u", pages->port);
	CLEANUP_FREE char *env = str_fmt("CMIGRATE_PAGES=%s", destination->run);
	char *envs[] = {env, NULL};

	script_argv(&a, &script_receive, number, parent, destination->run, pages->server, port,
		    NULL);
	argv_addf(&a, "%d", timeout_ms / 1000);
	/* The limit on the host itself comes first. */
	return start(destination->host, &a, envs, timeout_ms + SELF_MS, job, err);
}

int receive_listens_start(const struct runtime *destination, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_listens, destination->run, NULL);
	return start(destination->host, &a, NULL, LISTEN_MS, job, err);
}

int receive_gather(const struct runtime *destination, int n, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_gather, destination->images, destination->pages, NULL);
	if (n == RECEIVE_ALL)
		argv_add(&a, "all");
	else
		argv_addf(&a, "%d", n);
	return run(destination->host, &a, GATHER_MS, err);
}

int receive_cut(const struct pages *pages, const struct runtime *source, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_cut, source->run, pages->server, NULL);
	argv_addf(&a, "%u", pages->port);
	return run(source->host, &a, QUICK_MS, err);
}
