/* SPDX-License-Identifier: MIT */
/* A move from the command line: names, options, what the hosts say, the checks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/protocol/status.h"
#include "part.h"

#define OPEN_MS 15000
/* Bytes that a dump or a restore handles in a ms at least: 10 MB a second, on a slow shared
 * directory. */
#define DUMP_BYTES_MS 10000
/* A day. A host may report any amount of memory. */
#define DUMP_MAX_MS 86400000
/* The first CRIU that can leave packets alone (criu(8), --network-lock skip). */
#define CRIU_LOCK_SKIP VERSION(3, 19, 0)

static void make_id(char id[MOVE_ID_SIZE])
{
	unsigned random = 0;
	time_t now = time(NULL);
	struct tm tm;

	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (unsigned)clock_now_us();
	(void)gmtime_r(&now, &tm);
	size_t n = strftime(id, MOVE_ID_SIZE, "%Y%m%dT%H%M%S-", &tm);
	(void)snprintf(id + n, MOVE_ID_SIZE - n, "%08x", random);
}

struct host *move_host(struct move *m, const struct config *config, const char *name,
		       struct err *err)
{
	struct host *host = replies_take(&m->asked, name);

	if (!host)
		host = config_host(config, name, m->events, err);
	if (host)
		str_set(&host->serves, m->id);
	return host;
}

int move_connect(struct move *m, const struct config *config, struct err *err)
{
	m->side[SOURCE].host = move_host(m, config, m->side[SOURCE].name, err);
	if (!m->side[SOURCE].host)
		return -1;
	if (!m->side[DESTINATION].host)
		m->side[DESTINATION].host = move_host(m, config, m->side[DESTINATION].name, err);
	if (!m->side[DESTINATION].host)
		return -1;
	m->side[SOURCE].host->fenced = m->kind == MOVE_RESTORE;
	m->side[DESTINATION].host->fenced = m->kind == MOVE_CHECKPOINT;
	bool at_destination =
		m->side[SOURCE].host->fenced ||
		(host_is_local(m->side[DESTINATION].host) && !host_is_local(m->side[SOURCE].host) &&
		 !m->side[DESTINATION].host->fenced);
	state_dir_init(&m->state_dir,
		       at_destination ? m->side[DESTINATION].host : m->side[SOURCE].host,
		       m->bundle.dir);
	m->journal.state_dir = &m->state_dir;
	return 0;
}

static int name_hosts(struct move *m, const struct config *config, const char *from,
		      const char *destination, struct err *err)
{
	if (name_check_host(destination, err) < 0 || (from && name_check_host(from, err) < 0))
		return -1;
	m->side[DESTINATION].name = str_dup(destination);
	str_set(&m->summary.destination, destination);
	/* Refuse an unknown destination before any host is asked. */
	if (config->n_hosts) {
		CLEANUP_HOST struct host *known = config_host(config, destination, NULL, err);
		if (!known)
			return -1;
	}
	if (from && strcmp(from, destination) == 0)
		return err_set(err, EXIT_REFUSED, "--from and the destination are both %s", from);
	/* The login takes longest, and needs no look for the source. With a configuration all hosts
	 * are asked where the container is, over connections that are used on. */
	if (from || !config->n_hosts) {
		m->side[DESTINATION].host = move_host(m, config, destination, err);
		if (!m->side[DESTINATION].host)
			return -1;
		host_connect(m->side[DESTINATION].host);
	}
	if (from)
		m->side[SOURCE].name = str_dup(from);
	else if (find_host_of(config, m->bundle.name, destination, m->id, m->events, &m->asked,
			      &m->side[SOURCE].name, err) < 0)
		return -1;
	if (strcmp(m->side[SOURCE].name, m->side[DESTINATION].name) == 0)
		return err_set(err, EXIT_REFUSED, "container '%s' is on %s already", m->bundle.name,
			       m->side[SOURCE].name);
	return 0;
}

int move_refusal(struct err *err)
{
	if (err->code == EXIT_FAILED)
		err->code = EXIT_REFUSED;
	return -1;
}

int move_read_bundle(struct move *m, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_JOB struct job job = {0};

	struct host *host =
		m->side[SOURCE].host->fenced ? m->side[DESTINATION].host : m->side[SOURCE].host;

	argv_add(&a, "open");
	argv_addf(&a, "container=%s", m->bundle.name);
	argv_addf(&a, "id=%s", m->id);
	struct command cmd = {.argv = a.v, .timeout_ms = OPEN_MS, .limit = 2 * 1024 * 1024};
	if (host_start(host, &cmd, &job, err) < 0)
		return move_refusal(err);
	job_wait(&job);
	if (job.lost || job.timed_out || (job.status != 0 && job.status != STATUS_ABSENT)) {
		(void)job_failure(&job, err);
		return move_refusal(err);
	}
	if (job.status == STATUS_ABSENT) {
		(void)err_set(err, EXIT_REFUSED,
			      "container '%s': %s has no readable '%s/config.json'", m->bundle.name,
			      host->name, m->bundle.dir);
		(void)err_because(err, CAUSE_NO_BUNDLE);
		return err_append(err,
				  "'cmigrate generate %s' writes one, --bundle-root says where "
				  "bundles are",
				  m->bundle.name);
	}
	return bundle_parse(&m->bundle, buf_str(&job.out), job.out.len, err);
}

static int has_journal(struct move *m, bool *ret, struct err *err)
{
	struct journal_state state = {0};

	if (journal_load(&m->state_dir, &state, err) < 0) {
		(void)err_wrap(err, "container '%s'", m->bundle.name);
		return err_append(
			err, "an interrupted move has left it: 'cmigrate recover %s' says more",
			m->bundle.name);
	}
	*ret = state.found;
	journal_state_clear(&state);
	return 0;
}

int move_take_lock(struct move *m, bool look_only, struct err *err)
{
	bool found = false;

	if (look_only && has_journal(m, &found, err) < 0)
		return -1;
	if (look_only && !found)
		return 0;
	if (state_dir_lock(&m->state_dir, &m->lock, err) < 0)
		return err->code == EXIT_BUSY ? err_wrap(err, "container '%s'", m->bundle.name)
					      : move_refusal(err);
	if (has_journal(m, &found, err) < 0)
		return -1;
	if (!found)
		return 0;
	(void)err_set(err, EXIT_BUSY,
		      "an interrupted move of '%s' waits: 'cmigrate recover %s' settles it",
		      m->bundle.name, m->bundle.name);
	return err_because(err, CAUSE_PENDING);
}

void move_set_dump_timeout(struct move *m, uint64_t bytes)
{
	uint64_t limit_ms = m->plan.bandwidth / 1000;
	uint64_t ms = bytes / (limit_ms && limit_ms < DUMP_BYTES_MS ? limit_ms : DUMP_BYTES_MS);

	m->plan.dump_timeout_ms = DUMP_BASE_MS + (int)(ms < DUMP_MAX_MS ? ms : DUMP_MAX_MS);
}

void move_resolve_versions(struct move *m)
{
	struct runtime_options *src = &m->side[SOURCE].options,
			       *dst = &m->side[DESTINATION].options;

	src->runc = facts_version(&m->side[SOURCE].facts, "runc");
	src->criu = facts_version(&m->side[SOURCE].facts, "criu");
	dst->runc = facts_version(&m->side[DESTINATION].facts, "runc");
	dst->criu = facts_version(&m->side[DESTINATION].facts, "criu");
	/* The operator's own configuration of CRIU wins. */
	bool operators =
		strstr(facts_get(&m->side[SOURCE].facts, "criu-config"), "network-lock") ||
		strstr(facts_get(&m->side[DESTINATION].facts, "criu-config"), "network-lock");
	src->network_lock_skip = dst->network_lock_skip =
		!operators && src->criu >= CRIU_LOCK_SKIP && dst->criu >= CRIU_LOCK_SKIP;
	m->plan.gate = src->criu >= CRIU_GATE;
	if (m->kind == MOVE_RESTORE || *facts_get(&m->side[SOURCE].facts, "lock") ||
	    *facts_get(&m->side[SOURCE].facts, "own-lock"))
		src->file_locks = dst->file_locks = true;
	m->summary.memory_bytes = facts_uint(&m->side[SOURCE].facts, "memory");
	move_set_dump_timeout(m, m->summary.memory_bytes);
}

int move_check(struct move *m, const struct config *config, const struct move_opts *opts,
	       struct err *err)
{
	const struct config_host *row = config_find(config, m->side[DESTINATION].name);
	const struct runtime_options *o = &m->side[SOURCE].options;
	struct preflight p = {.bundle = &m->bundle,
			      .id = m->id,
			      .source_name = m->side[SOURCE].name,
			      .destination_name = m->side[DESTINATION].name,
			      .source = &m->side[SOURCE].facts,
			      .destination = &m->side[DESTINATION].facts,
			      .destination_device = row ? row->device : NULL,
			      .destination_room = m->destination_room,
			      .members = &m->members,
			      .strategy = m->plan.strategy,
			      .direct = move_is_direct(m),
			      .encrypt = m->plan.encrypt,
			      .tcp_established = o->tcp_established,
			      .endpoint_silence = m->progress.endpoint_silence,
			      .ext_unix_sk = o->ext_unix_sk,
			      .shell_job = o->shell_job,
			      .link_remap = o->link_remap,
			      .ghost_limit = o->ghost_limit,
			      .strict = opts->strict};

	int status = preflight_skip(&opts->skip_checks, &p.skip, err);
	if (opts->force)
		preflight_force(&p.skip);
	if (status == 0)
		status = preflight_addresses(&p, err);
	if (status == 0) {
		memcpy(m->side[SOURCE].addresses, p.source_addresses,
		       sizeof(m->side[SOURCE].addresses));
		memcpy(m->side[DESTINATION].addresses, p.destination_addresses,
		       sizeof(m->side[DESTINATION].addresses));
		preflight_run(&p, &m->checks);
		warnings_of(&m->checks, &m->summary.warnings);
	}
	argv_clear(&p.skip);
	return status < 0 ? -1 : preflight_verdict(&m->checks, err);
}

void move_remove_proof(struct move *m)
{
	CLEANUP_ARGV struct argv a = {0};
	struct err unused = ERR_INIT;

	struct host *host =
		m->side[SOURCE].host->fenced ? m->side[DESTINATION].host : m->side[SOURCE].host;

	argv_add(&a, "close");
	argv_addf(&a, "container=%s", m->bundle.name);
	argv_addf(&a, "id=%s", m->id);
	/* The lock is in the directory. */
	if (m->lock.host)
		argv_add(&a, "keep=yes");
	(void)host_run(host, &(struct command){.argv = a.v, .timeout_ms = OPEN_MS}, &unused);
}

static int ask_and_check(struct move *m, const struct config *config, const struct move_opts *opts,
			 struct err *err)
{
	if (move_read_bundle(m, err) < 0 || move_resolve_options(m, config, opts, err) < 0 ||
	    move_take_lock(m, opts->dry_run, err) < 0 || move_gather_facts(m, config, err) < 0 ||
	    move_find_members(m, config, opts, opts->dry_run, err) < 0)
		return -1;
	move_resolve_versions(m);
	move_read_past(m);
	move_settle_strategy(m);
	move_settle_transport(m);
	move_settle_restore(m);
	if (move_check(m, config, opts, err) < 0)
		return -1;
	move_find_own_ips(&m->side[DESTINATION], m->bundle.n_addresses);
	move_set_sides(m);
	return 0;
}

static int check_options(const struct move_opts *opts, struct err *err)
{
	CLEANUP_ARGV struct argv skipped = {0};

	if (opts->tcp_established && opts->tcp_close)
		return err_set(err, EXIT_USAGE,
			       "--tcp-established and --tcp-close exclude each other");
	if (bundle_check_options(&opts->addresses, &opts->endpoints, err) < 0)
		return -1;
	return preflight_skip(&opts->skip_checks, &skipped, err);
}

int move_begin(struct move *m, const struct config *config, const struct move_opts *opts,
	       const char *name, const struct events *events, struct err *err)
{
	m->events = events;
	m->progress.start_us = clock_now_us();
	m->summary.outage_ms = m->summary.freeze_ms = m->summary.freeze_start_ms = -1;
	m->summary.total_ms = m->summary.predicted_freeze_ms = -1;
	m->summary.drain_ms = m->summary.stall_ms = -1;
	make_id(m->id);
	if (bundle_init(&m->bundle, config->bundle_root, name, err) < 0)
		return -1;
	m->summary.container = str_dup(name);
	move_name_things(m);
	return check_options(opts, err);
}

int move_new(const struct config *config, const struct move_opts *opts, const char *name,
	     const char *destination, const struct events *events, struct move **ret,
	     struct err *err)
{
	struct move *m = mem_new(1, sizeof(*m));

	*ret = m;
	if (move_begin(m, config, opts, name, events, err) < 0 ||
	    name_hosts(m, config, opts->from, destination, err) < 0 ||
	    move_connect(m, config, err) < 0)
		return -1;
	replies_clear(&m->asked);
	/* Both at once. */
	host_connect(m->side[SOURCE].host);
	host_connect(m->side[DESTINATION].host);
	str_set(&m->summary.source, m->side[SOURCE].name);
	str_set(&m->summary.destination, m->side[DESTINATION].name);
	int status = ask_and_check(m, config, opts, err);
	str_set(&m->summary.strategy, strategy_name(m->plan.strategy));
	if (!m->side[SOURCE].host->lost)
		move_remove_proof(m);
	return status;
}
