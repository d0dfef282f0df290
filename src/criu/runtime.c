/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/runtime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/facts.h"

#define QUICK_MS 10000
/* A failure leaves the move in doubt, so a host that has just booted gets enough time. */
#define STATUS_MS 20000
#define CLEAN_MS 30000
/* Time for runc and criu to start and to park. */
#define PARK_MS 20000
/* It ends with the work directory; this limit is for one that is forgotten. */
#define WATCH_MS 7200000
/* The first runc with --tcp-skip-in-flight and --link-remap of its own. */
#define RUNC_SKIP_IN_FLIGHT VERSION(1, 3, 0)

static int start(const struct runtime *rt, const struct argv *a, int timeout_ms, struct job *job,
		 struct err *err)
{
	return host_start(rt->host, &(struct command){.argv = a->v, .timeout_ms = timeout_ms}, job,
			  err);
}

static int run(const struct runtime *rt, const struct argv *a, int timeout_ms, struct err *err)
{
	return host_run(rt->host, &(struct command){.argv = a->v, .timeout_ms = timeout_ms}, err);
}

void runtime_request(struct argv *a, const struct runtime *rt, const char *verb)
{
	argv_add(a, verb);
	argv_addf(a, "container=%s", rt->name);
	argv_addf(a, "id=%s", rt->id);
	argv_addf(a, "images=%s", rt->images_of);
}

/* A request about the container alone. */
static void container_request(struct argv *a, const struct runtime *rt, const char *verb)
{
	argv_add(a, verb);
	argv_addf(a, "container=%s", rt->name);
}

/* For CRIU's configuration file: options that runc lacks. */
static void criu_options(struct argv *a, const char *role, const struct runtime_options *o)
{
	bool source = strcmp(role, "destination") != 0 && strcmp(role, "receiver") != 0 &&
		      strcmp(role, "rehearsal") != 0;

	if (o->network_lock_skip)
		argv_add(a, "flag=network-lock-skip");
	if (o->own_network)
		argv_add(a, "flag=own-network");
	if (source && o->runc < RUNC_SKIP_IN_FLIGHT && (o->tcp_established || o->tcp_close))
		argv_add(a, "flag=skip-in-flight");
	if (!source && o->tcp_close)
		argv_add(a, "flag=tcp-close");
	if (source && o->link_remap && o->runc < RUNC_SKIP_IN_FLIGHT)
		argv_add(a, "flag=link-remap");
	if (source && o->ghost_limit)
		argv_addf(a, "ghost-limit=%llu", o->ghost_limit);
}

int runtime_prepare_start(const struct runtime *rt, const char *role,
			  const struct runtime_options *o, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "prepare");
	argv_addf(&a, "role=%s", role);
	criu_options(&a, role, o);
	if (o->lazy_pages && o->page_server)
		argv_addf(&a, "server=%s", o->page_server);
	return start(rt, &a, QUICK_MS, job, err);
}

bool runtime_parks(const struct job *prepared)
{
	return strcmp(buf_str(&prepared->out), "parks\n") == 0;
}

static int locks(const struct runtime *rt, const char *op, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (!rt->locks)
		return 0;
	argv_addl(&a, "criu-locks", op, NULL);
	argv_addf(&a, "container=%s", rt->name);
	if (rt->netns)
		argv_addf(&a, "netns=%s", rt->netns);
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_note_locks(const struct runtime *rt, struct err *err)
{
	return locks(rt, "op=note", err);
}

static int clean(const struct runtime *rt, bool images, bool keep, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (locks(rt, "op=remove", err) < 0)
		return -1;
	container_request(&a, rt, "clean");
	argv_addf(&a, "id=%s", rt->id);
	if (images)
		argv_addf(&a, "images=%s", rt->images_of);
	if (keep)
		argv_add(&a, "keep=yes");
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_clean(const struct runtime *rt, bool images, struct err *err)
{
	return clean(rt, images, false, err);
}

int runtime_clean_but_pages(const struct runtime *rt, struct err *err)
{
	return clean(rt, false, true, err);
}

int runtime_images_start(const struct runtime *rt, bool direct, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "images");
	if (direct)
		argv_add(&a, "transport=direct");
	return start(rt, &a, STATUS_MS, job, err);
}

int runtime_void_images(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "void");
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_keep_logs(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "logs");
	argv_addf(&a, "id=%s", rt->id);
	return run(rt, &a, QUICK_MS, err);
}

int runtime_freeze_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "freeze");
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_thaw(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "thaw");
	return run(rt, &a, QUICK_MS, err);
}

static void add_page_server(struct argv *a, const struct runtime_options *o)
{
	argv_addf(a, "server=%s", o->page_server);
	argv_addf(a, "port=%u", o->page_port);
}

/* Options of runc, for a dump or a restore. */
static void runc_flags(struct argv *a, const struct runtime_options *o, bool dumps)
{
	const bool own = dumps && o->runc >= RUNC_SKIP_IN_FLIGHT;
	/* Open connections never make a dump fail; the restore decides what happens to them. */
	const bool tcp = o->tcp_established || o->tcp_close;
	const struct {
		const char *word;
		bool set;
	} flags[] = {
		{"file-locks", o->file_locks},	    {"ext-unix-sk", o->ext_unix_sk},
		{"shell-job", o->shell_job},	    {"tcp-established", tcp},
		{"tcp-skip-in-flight", tcp && own}, {"link-remap", o->link_remap && own},
		{"lazy-pages", o->lazy_pages},
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].set)
			argv_addf(a, "flag=%s", flags[i].word);
}

int runtime_dump_start(const struct runtime *rt, const struct runtime_options *o, struct job *job,
		       struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "dump");
	runc_flags(&a, o, true);
	if (o->parent_pass)
		argv_addf(&a, "parent=%u", o->parent_pass);
	if (o->page_server)
		add_page_server(&a, o);
	return start(rt, &a, 0, job, err);
}

int runtime_pass_start(const struct runtime *rt, unsigned number, const struct runtime_options *o,
		       bool to_server, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "pass");
	argv_addf(&a, "pass=%u", number);
	if (to_server)
		add_page_server(&a, o);
	return start(rt, &a, 0, job, err);
}

int runtime_readahead_start(const struct runtime *rt, unsigned number, int timeout_ms,
			    struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "readahead");
	argv_addf(&a, "pass=%u", number);
	return start(rt, &a, timeout_ms, job, err);
}

/* Starts a job that ends with a line in one of the gate's fifos. */
static int line_start(const struct runtime *rt, const char *op, int timeout_ms, struct job *job,
		      struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "await-gate");
	argv_addf(&a, "op=%s", op);
	return start(rt, &a, timeout_ms, job, err);
}

int runtime_parked_start(const struct runtime *rt, struct job *job, struct err *err)
{
	return line_start(rt, "parked", PARK_MS, job, err);
}

int runtime_seize_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "seize");
	return start(rt, &a, timeout_ms, job, err);
}

int runtime_at_gate_start(const struct runtime *rt, int timeout_ms, struct job *job,
			  struct err *err)
{
	return line_start(rt, "reached", timeout_ms, job, err);
}

int runtime_served_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err)
{
	return line_start(rt, "served", timeout_ms, job, err);
}

int runtime_dump_go(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "dump-go");
	return run(rt, &a, QUICK_MS, err);
}

bool runtime_has_ended(const struct runtime *rt, unsigned seconds, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *wait = str_fmt("seconds=%u", seconds), *out = NULL;
	char *argv[] = {"state", container, seconds ? wait : NULL, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = QUICK_MS};
	struct facts facts;

	if (host_output(rt->host, &cmd, &out, err) < 0)
		return false;
	facts_parse(&facts, out);
	bool unknown = !*facts_get(&facts, "state");
	CLEANUP_JSON json_t *state = facts_json(&facts, "state");
	facts_clear(&facts);
	const char *status = json_string_value(json_object_get(state, "status"));
	return unknown || (status && strcmp(status, "stopped") == 0);
}

int runtime_verdict(const struct runtime *rt, const char *word, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "verdict");
	argv_addf(&a, "op=%s", word);
	return run(rt, &a, QUICK_MS, err);
}

int runtime_await(const struct runtime *rt, const char *what, int timeout_ms, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "await");
	argv_addf(&a, "op=%s", what);
	return run(rt, &a, timeout_ms, err);
}

int runtime_restore_start(const struct runtime *rt, const struct runtime_options *o, bool parked,
			  int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "restore");
	argv_add(&a, parked ? "op=parked" : "op=now");
	if (rt->pages)
		argv_add(&a, "transport=direct");
	runc_flags(&a, o, false);
	return start(rt, &a, timeout_ms, job, err);
}

int runtime_rehearse_start(const struct runtime *rt, const struct runtime_options *o,
			   const struct bundle *b, int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	runtime_request(&a, rt, "restore");
	argv_add(&a, "op=rehearse");
	runc_flags(&a, o, false);
	if (rt->netns)
		argv_addf(&a, "netns=%s", rt->netns);
	for (size_t i = 0; i < b->n_addresses; i++)
		argv_addf(&a, "ip=%s", b->addresses[i].ip);
	for (size_t i = 0; i < b->binds.n; i++)
		argv_addf(&a, "bind=%s", b->binds.v[i]);
	return start(rt, &a, timeout_ms, job, err);
}

int runtime_park_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "park");
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_restore_go_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "restore-go");
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_warm_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "warm");
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_forget_restore(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "forget-restore");
	return run(rt, &a, QUICK_MS, err);
}

int runtime_watch_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	container_request(&a, rt, "watch");
	return start(rt, &a, WATCH_MS, job, err);
}

int runtime_status(const struct runtime *rt, char **ret_status, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"status", container, NULL};
	struct command cmd = {.argv = argv, .timeout_ms = STATUS_MS};

	if (host_output(rt->host, &cmd, &out, err) < 0)
		return -1;
	*ret_status = str_dup(out ? str_trim(out) : "");
	return 0;
}
