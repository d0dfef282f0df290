/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/post_copy.h"

#include <stdio.h>
#include <stdlib.h>

#define QUICK_MS 10000
/* Time for criu to start and to connect. */
#define SOCKET_MS 20000

static int start(struct host *host, const struct argv *a, int timeout_ms, struct job *job,
		 struct err *err)
{
	return host_start(host, &(struct command){.argv = a->v, .timeout_ms = timeout_ms}, job,
			  err);
}

static int run(struct host *host, const struct argv *a, struct err *err)
{
	return host_run(host, &(struct command){.argv = a->v, .timeout_ms = QUICK_MS}, err);
}

static int take_port(struct page_server *page_server, const struct host *host, const char *said,
		     struct err *err)
{
	unsigned long port = strtoul(said, NULL, 10);

	if (port < page_server->port || port > page_server->port + PAGE_PORTS)
		return err_set(err, EXIT_FAILED, "%s: no port for memory", host->name);
	page_server->port = (unsigned)port;
	return 0;
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
	return take_port(page_server, server->host, said, err);
}

/* A request for the container of a runtime. */
static void ask(struct argv *a, const char *verb, const char *op, const struct runtime *rt)
{
	argv_add(a, verb);
	if (op)
		argv_addf(a, "op=%s", op);
	argv_addf(a, "container=%s", rt->name);
}

static void add_server(struct argv *a, const struct page_server *page_server)
{
	argv_addf(a, "server=%s", page_server->server);
	argv_addf(a, "port=%u", page_server->port);
}

int page_server_open_tunnel(struct page_server *page_server, const struct runtime *source,
			    const struct runtime *destination, bool direct, struct tunnel *ret,
			    struct err *err)
{
	CLEANUP_ARGV struct argv from = {0}, to = {0};
	CLEANUP_FREE char *said = NULL;
	struct host *const hosts[] = {source->host, destination->host};

	ask(&from, "tunnel", direct ? "send" : "serve", source);
	argv_addf(&from, "id=%s", source->id);
	argv_addf(&from, "port=%u", page_server->port);
	ask(&to, "tunnel", "take", destination);
	argv_addf(&to, "id=%s", destination->id);
	if (tunnel_open(ret, hosts, (char *const *const[]){from.v, to.v}, &said, err) < 0)
		return err_append(err, "memory that is to be encrypted can't get to %s",
				  destination->host->name);
	return take_port(page_server, source->host, said, err);
}

static int close_tunnel(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "close-tunnel", NULL, rt);
	argv_addf(&a, "id=%s", rt->id);
	return run(rt->host, &a, err);
}

int post_copy_fetch_start(const struct page_server *page_server, const struct runtime *destination,
			  unsigned parent_pass, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "fetch", "start", destination);
	argv_addf(&a, "id=%s", destination->id);
	if (page_server && page_server->tunnel)
		argv_add(&a, "transport=tunnel");
	else if (page_server)
		add_server(&a, page_server);
	else if (destination->pages)
		argv_add(&a, "transport=direct");
	if (parent_pass)
		argv_addf(&a, "parent=%u", parent_pass);
	return start(destination->host, &a, 0, job, err);
}

int post_copy_fetch_go(const struct runtime *destination, int n_images, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "fetch", "go", destination);
	if (n_images > 0)
		argv_addf(&a, "count=%d", n_images);
	return run(destination->host, &a, err);
}

int post_copy_socket_start(const struct runtime *destination, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "fetch", "socket", destination);
	return start(destination->host, &a, SOCKET_MS, job, err);
}

int post_copy_fetched_start(const struct runtime *destination, int timeout_ms, struct job *job,
			    struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "fetch", "wait", destination);
	return start(destination->host, &a, timeout_ms, job, err);
}

/* False if unknown. */
static bool server_sockets(const struct page_server *page_server, const struct runtime *source,
			   unsigned long long *ret_sent, unsigned *ret_n)
{
	CLEANUP_FREE char *port = str_fmt("port=%u", page_server->port);
	char *argv[] = {"server", port, NULL};
	CLEANUP_FREE char *out = NULL;
	struct err unused = ERR_INIT;

	return host_output(source->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS},
			   &out, &unused) == 0 &&
	       sscanf(out, "%llu %u", ret_sent, ret_n) == 2;
}

uint64_t page_server_sent(const struct page_server *page_server, const struct runtime *source)
{
	unsigned long long sent;
	unsigned n;

	return server_sockets(page_server, source, &sent, &n) ? sent : 0;
}

bool post_copy_may_come(const struct page_server *page_server, const struct runtime *source)
{
	unsigned long long sent;
	unsigned n;

	/* It counts as having answered, with nothing. */
	if (source->host->fenced)
		return false;
	return !server_sockets(page_server, source, &sent, &n) || n > 0;
}

int post_copy_cut(const struct page_server *page_server, const struct runtime *destination,
		  struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (page_server->tunnel && close_tunnel(destination, err) < 0)
		return -1;
	/* Waits until the program that had it has ended. */
	ask(&a, "cut", "fetch", destination);
	add_server(&a, page_server);
	return run(destination->host, &a, err);
}

int post_copy_end(const struct runtime *destination, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "fetch", "end", destination);
	return run(destination->host, &a, err);
}

int page_server_nudge(const struct page_server *page_server, const struct runtime *source,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "nudge", NULL, source);
	add_server(&a, page_server);
	return run(source->host, &a, err);
}

int page_server_clear(const struct page_server *page_server, const struct runtime *server,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (page_server->tunnel)
		return close_tunnel(server, err);
	argv_addl(&a, "guard", "op=clear", NULL);
	argv_addf(&a, "tag=%s", page_server->tag);
	return run(server->host, &a, err);
}

int page_server_pace_start(const struct page_server *page_server, const struct runtime *source,
			   unsigned long long bytes_second, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	ask(&a, "pace", NULL, source);
	add_server(&a, page_server);
	argv_addf(&a, "rate=%llu", bytes_second);
	return start(source->host, &a, 0, job, err);
}
