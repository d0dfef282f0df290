/* SPDX-License-Identifier: MIT */
/*
 * CRIU blocks the packets of open connections by rules of its own: a pair of iptables rules for
 * each connection, an nftables table "inet CRIU-...", or in the container's own network namespace a
 * chain CRIU. After a good dump they stay on the source, after a failed restore on the destination,
 * and would block the next move's packets too.
 *
 *   note    writes to RUN/locks which such rules exist before the move
 *   remove  deletes those that CRIU's logs in RUN name, and that did not exist then. Succeeds if
 *           there are none.
 *
 * iptables is started only where CRIU has started it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/netns.h"
#include "agent/request/paths.h"
#include "agent/request/program.h"
#include "criu_lock_log.h"
#include "nf_table.h"

#define CHAIN "CRIU"

int verb_criu_locks(struct request *req);

static const char *const tools[] = {"iptables", "ip6tables"};

/* One line for each. */
static void keep_table(enum nf_family family, const char *table, void *ctx)
{
	argv_addf(ctx, "table %s %s", nf_family_name(family), table);
}

/* Whether it has succeeded; what it says is nobody's business. */
static bool try(struct request *req, const struct argv *words)
{
	CLEANUP_BUF struct buf unheard = {0};

	return program_run(req, &(struct program){.argv = words->v}, NULL, &unheard) == 0;
}

static bool try_words(struct request *req, const char *tool, const char *words)
{
	CLEANUP_ARGV struct argv argv = {0};

	argv_addl(&argv, tool, "-w", "-t", "filter", NULL);
	argv_words(&argv, words, " ");
	return try(req, &argv);
}

/* "chain iptables": a chain CRIU is there. It is only in a namespace of the container's own. */
static void add_chains(struct request *req, struct argv *ret)
{
	for (size_t i = 0; request_has(req, "netns") && i < 2; i++)
		if (program_exists(tools[i]) && try_words(req, tools[i], "-n -L " CHAIN))
			argv_addf(ret, "chain %s", tools[i]);
}

static int write_note(struct request *req, const char *path, const struct argv *lines)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CLEANUP_BUF struct buf text = {0};

	for (size_t i = 0; i < lines->n; i++)
		buf_printf(&text, "%s\n", lines->v[i]);
	bool written = fd >= 0 && write(fd, buf_str(&text), text.len) == (ssize_t)text.len;
	int status = written ? 0 : request_errno(req, "can't write '%s'", path);
	if (fd >= 0 && close(fd) < 0 && status == 0)
		status = request_errno(req, "can't write '%s'", path);
	return status;
}

static int note(struct request *req, const char *path)
{
	CLEANUP_ARGV struct argv lines = {0};

	if (nf_table_list(keep_table, &lines) < 0)
		return request_errno(req, "can't list the tables of nftables");
	add_chains(req, &lines);
	return write_note(req, path, &lines);
}

struct locks {
	struct request *req;
	struct argv noted;
	struct criu_lock_log log;
};

static void remove_rules(struct locks *locks)
{
	for (size_t i = 0; i < locks->log.n; i++) {
		const struct criu_rule *rule = locks->log.rules[i];
		CLEANUP_ARGV struct argv words = {0};
		argv_words(&words, rule->deletion, " ");
		for (int times = rule->times; times > 0; times--)
			(void)try(locks->req, &words);
	}
}

/* Adds the tables that CRIU has made since the note. */
static void own_tables(const struct locks *locks, struct argv *ret)
{
	static const char start[] = "table inet ";
	CLEANUP_ARGV struct argv tables = {0};

	(void)nf_table_list(keep_table, &tables);
	for (size_t i = 0; i < tables.n; i++)
		if (str_starts(tables.v[i], start) && !argv_has(&locks->noted, tables.v[i]) &&
		    criu_lock_log_has_table(&locks->log, tables.v[i] + strlen(start)))
			argv_add(ret, tables.v[i] + strlen(start));
}

static int remove_tables(struct locks *locks)
{
	CLEANUP_ARGV struct argv own = {0};
	int status = 0;

	own_tables(locks, &own);
	for (size_t i = 0; i < own.n; i++)
		if (nf_table_delete(locks->req, NF_INET, own.v[i]) != 0)
			status = 1;
	return status;
}

/* Only if CRIU has locked a whole network namespace. A chain that was there before belongs to
 * somebody else. */
static void remove_chains(struct locks *locks)
{
	CLEANUP_ARGV struct argv chains = {0};

	if (!locks->log.whole)
		return;
	add_chains(locks->req, &chains);
	for (size_t i = 0; i < chains.n; i++) {
		const char *tool = chains.v[i] + strlen("chain ");
		if (argv_has(&locks->noted, chains.v[i]))
			continue;
		(void)try_words(locks->req, tool, "-D INPUT -j " CHAIN);
		(void)try_words(locks->req, tool, "-D OUTPUT -j " CHAIN);
		if (try_words(locks->req, tool, "-F " CHAIN))
			(void)try_words(locks->req, tool, "-X " CHAIN);
	}
}

/* iptables on nftables makes its table with its first rule; the table is removed if it is empty. */
static void remove_empty(const struct locks *locks)
{
	if (!argv_has(&locks->noted, "table ip filter"))
		nf_table_delete_empty(NF_IPV4, "filter");
	if (!argv_has(&locks->noted, "table ip6 filter"))
		nf_table_delete_empty(NF_IPV6, "filter");
}

static void read_logs(struct locks *locks)
{
	static const char *const files[] = {"dump.log", "restore.log"};

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *path = path_in_run(locks->req, files[i]);
		criu_lock_log_read(&locks->log, path);
	}
}

static int read_note(struct request *req, const char *path, struct argv *ret)
{
	CLEANUP_BUF struct buf text = {0};
	char chunk[4096];
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(&text, chunk, (size_t)n);
	int status = n < 0 ? request_errno(req, "can't read '%s'", path) : 0;
	if (fd >= 0)
		(void)close(fd);
	argv_words(ret, buf_str(&text), "\n");
	return status;
}

static int remove_locks(struct request *req, const char *path)
{
	struct locks locks = {.req = req};

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	int status = read_note(req, path, &locks.noted);
	if (status == 0) {
		read_logs(&locks);
		remove_rules(&locks);
		status = remove_tables(&locks);
		remove_chains(&locks);
		remove_empty(&locks);
	}
	argv_clear(&locks.noted);
	criu_lock_log_clear(&locks.log);
	return status;
}

int verb_criu_locks(struct request *req)
{
	CLEANUP_FREE char *path = path_in_run(req, "locks");
	CLEANUP_NETNS struct netns netns;
	int entered = netns_enter(req, &netns);

	if (entered < 0)
		return 1;
	if (request_is(req, "op", "note"))
		return note(req, path);
	if (request_is(req, "op", "remove"))
		/* A namespace that is gone has taken its rules along. */
		return entered > 0 ? 0 : remove_locks(req, path);
	return request_fail(req, "'criu-locks' knows no '%s'", request_get(req, "op"));
}
