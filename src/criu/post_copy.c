/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/post_copy.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/script.h"

#define QUICK_MS 10000
/* Time for criu to start and to connect. */
#define SOCKET_MS 20000

static int start(struct host *host, const struct argv *a, char *const *env, int timeout_ms,
		 struct job *job, struct err *err)
{
	return host_start(host,
			  &(struct command){.argv = a->v, .env = env, .timeout_ms = timeout_ms},
			  job, err);
}

static int run(struct host *host, const struct argv *a, struct err *err)
{
	return host_run(host, &(struct command){.argv = a->v, .timeout_ms = QUICK_MS}, err);
}

void pages_set_port(struct page_server *page_server, unsigned port)
{
	page_server->port = port;
	free(page_server->endpoint);
	page_server->endpoint = str_fmt("%s:%u", page_server->server, port);
}

int page_server_admit(struct page_server *page_server, const struct runtime *server,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *said = NULL;

	argv_addl(&a, "guard", "op=admit", NULL);
	argv_addf(&a, "tag=%s", page_server->tag);
	argv_addf(&a, "server=%s", page_server->server);
	argv_addf(&a, "port=%u", page_server->port);
	argv_addf(&a, "client=%s", page_server->client);
	if (host_output(server->host, &(struct command){.argv = a.v, .timeout_ms = QUICK_MS}, &said,
			err) < 0)
		return -1;
	unsigned long port = strtoul(said, NULL, 10);
	if (port < page_server->port || port > page_server->port + PAGE_PORTS)
		return err_set(err, EXIT_FAILED, "%s: no port for memory", server->host->name);
	if (port != page_server->port)
		pages_set_port(page_server, (unsigned)port);
	return 0;
}

int post_copy_fetch_start(const struct page_server *page_server, const struct runtime *destination,
			  int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *env = str_fmt("CMIGRATE_PAGES=%s", destination->run);
	CLEANUP_FREE char *log = str_fmt("%s/pages.out", destination->run);
	char *envs[] = {env, NULL};

	script_argv(&a, &script_pages, destination->run, destination->images, destination->name,
		    page_server->server, NULL);
	argv_addf(&a, "%u", page_server->port);
	/* It has a log of its own, because it outlives the controller and its connection. */
	return host_start(
		destination->host,
		&(struct command){.argv = a.v, .env = envs, .log = log, .timeout_ms = timeout_ms},
		job, err);
}

int post_copy_socket_start(const struct runtime *destination, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_socket, destination->run, NULL);
	return start(destination->host, &a, NULL, SOCKET_MS, job, err);
}

int post_copy_fetched_start(const struct runtime *destination, int timeout_ms, struct job *job,
			    struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_drain, destination->run, NULL);
	return start(destination->host, &a, NULL, timeout_ms, job, err);
}

/* The page server's sockets as ss prints them, owned by the caller; NULL if unknown. */
static char *server_sockets(const struct page_server *page_server, const struct runtime *source,
			    char *option)
{
	CLEANUP_FREE char *port = str_fmt("sport = :%u", page_server->port);
	char *argv[] = {"ss", "-H", option, port, NULL};
	struct err unused = ERR_INIT;
	char *out = NULL;

	return host_output(source->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS},
			   &out, &unused) == 0
		       ? out
		       : NULL;
}

uint64_t page_server_sent(const struct page_server *page_server, const struct runtime *source)
{
	CLEANUP_FREE char *out = server_sockets(page_server, source, "-tin");
	const char *sent = out ? strstr(out, "bytes_acked:") : NULL;

	return sent ? strtoull(sent + strlen("bytes_acked:"), NULL, 10) : 0;
}

bool post_copy_may_come(const struct page_server *page_server, const struct runtime *source)
{
	CLEANUP_FREE char *out = server_sockets(page_server, source, "-tan");
	return !out || *out;
}

int post_copy_cut(const struct page_server *page_server, const struct runtime *destination,
		  struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_cut, "fetch", destination->run, page_server->server, NULL);
	argv_addf(&a, "%u", page_server->port);
	return run(destination->host, &a, err);
}

int post_copy_end(const struct runtime *destination, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_unpage, destination->run, NULL);
	return run(destination->host, &a, err);
}

int page_server_nudge(const struct page_server *page_server, const struct runtime *source,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_nudge, source->run, page_server->server, NULL);
	argv_addf(&a, "%u", page_server->port);
	return run(source->host, &a, err);
}

int page_server_clear(const struct page_server *page_server, const struct runtime *server,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_addl(&a, "guard", "op=clear", NULL);
	argv_addf(&a, "tag=%s", page_server->tag);
	return run(server->host, &a, err);
}
