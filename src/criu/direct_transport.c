/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/direct_transport.h"

#include <stdlib.h>

#include "cmigrate/host/script.h"

#define QUICK_MS 10000
/* Time for criu to start. */
#define LISTEN_MS 20000
/* A page server that has ended by its own limit has this long to report it. */
#define SELF_MS 5000
/* The images are small, but may include a tmpfs with contents. */
#define GATHER_MS 60000

int direct_transport_start(const struct page_server *page_server, const struct runtime *destination,
			   unsigned pass, unsigned parent_pass, int timeout_ms, struct job *job,
			   struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *number = str_fmt("%u", pass);
	CLEANUP_FREE char *parent = str_fmt("%u", parent_pass);
	CLEANUP_FREE char *port = str_fmt("%u", page_server->port);
	CLEANUP_FREE char *env = str_fmt("CMIGRATE_PAGES=%s", destination->run);
	char *envs[] = {env, NULL};

	script_argv(&a, &script_receive, number, parent, destination->run, page_server->server,
		    port, NULL);
	argv_addf(&a, "%d", timeout_ms / 1000);
	/* The limit on the host itself ends first. */
	return host_start(
		destination->host,
		&(struct command){.argv = a.v, .env = envs, .timeout_ms = timeout_ms + SELF_MS},
		job, err);
}

int direct_transport_listens_start(const struct runtime *destination, struct job *job,
				   struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_listens, destination->run, NULL);
	return host_start(destination->host,
			  &(struct command){.argv = a.v, .timeout_ms = LISTEN_MS}, job, err);
}

int direct_transport_gather(const struct runtime *destination, int n, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_gather, destination->images, destination->pages, NULL);
	if (n == DIRECT_ALL)
		argv_add(&a, "all");
	else
		argv_addf(&a, "%d", n);
	return host_run(destination->host, &(struct command){.argv = a.v, .timeout_ms = GATHER_MS},
			err);
}

int direct_transport_cut(const struct page_server *page_server, const struct runtime *source,
			 struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_cut, "dump", source->run, page_server->server, NULL);
	argv_addf(&a, "%u", page_server->port);
	return host_run(source->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, err);
}
