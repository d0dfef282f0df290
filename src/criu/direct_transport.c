/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/direct_transport.h"

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

	argv_addl(&a, "receive", "op=start", NULL);
	argv_addf(&a, "container=%s", destination->name);
	argv_addf(&a, "pass=%u", pass);
	argv_addf(&a, "parent=%u", parent_pass);
	if (page_server->tunnel) {
		argv_addf(&a, "id=%s", destination->id);
	} else {
		argv_addf(&a, "server=%s", page_server->server);
		argv_addf(&a, "port=%u", page_server->port);
	}
	argv_addf(&a, "seconds=%d", timeout_ms / 1000);
	/* The limit on the host itself ends first. */
	return host_start(destination->host,
			  &(struct command){.argv = a.v, .timeout_ms = timeout_ms + SELF_MS}, job,
			  err);
}

int direct_transport_listens_start(const struct runtime *destination, struct job *job,
				   struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_addl(&a, "receive", "op=listens", NULL);
	argv_addf(&a, "container=%s", destination->name);
	return host_start(destination->host,
			  &(struct command){.argv = a.v, .timeout_ms = LISTEN_MS}, job, err);
}

int direct_transport_gather(const struct runtime *destination, int n, unsigned parent_pass,
			    struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_add(&a, "gather");
	argv_addf(&a, "container=%s", destination->name);
	argv_addf(&a, "id=%s", destination->id);
	if (n != DIRECT_ALL)
		argv_addf(&a, "count=%d", n);
	if (parent_pass)
		argv_addf(&a, "parent=%u", parent_pass);
	return host_run(destination->host, &(struct command){.argv = a.v, .timeout_ms = GATHER_MS},
			err);
}

int direct_transport_cut(const struct page_server *page_server, const struct runtime *source,
			 struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_addl(&a, "cut", "op=dump", NULL);
	argv_addf(&a, "container=%s", source->name);
	argv_addf(&a, "server=%s", page_server->server);
	argv_addf(&a, "port=%u", page_server->port);
	return host_run(source->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, err);
}
