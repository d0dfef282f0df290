/* SPDX-License-Identifier: MIT */
#include "cmigrate/criu/runtime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/host/facts.h"
#include "cmigrate/host/script.h"

#define QUICK_MS 10000
/* A failure leaves the move in doubt, so a host that has just booted gets enough time. */
#define STATUS_MS 20000
/* delete --force waits up to 10 s for a cgroup; erase.sh has a limit of its own. */
#define ERASE_MS 20000
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

/* CRIU's configuration file: options that runc lacks, spelled as in criu(8). */
static void criu_options(struct argv *a, const char *role, const struct runtime_options *o)
{
	bool source = strcmp(role, "destination") != 0 && strcmp(role, "receiver") != 0;

	if (o->network_lock_skip)
		argv_add(a, "network-lock skip");
	if (source && o->runc < RUNC_SKIP_IN_FLIGHT && (o->tcp_established || o->tcp_close))
		argv_add(a, "skip-in-flight");
	if (!source && o->tcp_close)
		argv_add(a, "tcp-close");
	if (source && o->link_remap && o->runc < RUNC_SKIP_IN_FLIGHT)
		argv_add(a, "link-remap");
	if (source && o->ghost_limit)
		argv_addf(a, "ghost-limit %llu", o->ghost_limit);
}

int runtime_prepare_start(const struct runtime *rt, const char *role,
			  const struct runtime_options *o, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_prepare, role, rt->run, rt->images, NULL);
	criu_options(&a, role, o);
	return start(rt, &a, QUICK_MS, job, err);
}

bool runtime_parks(const struct job *prepared)
{
	return strcmp(buf_str(&prepared->out), "parks\n") == 0;
}

static int locks(const struct runtime *rt, const char *verb, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (!rt->locks)
		return 0;
	script_argv(&a, &script_criu_locks, verb, rt->run, rt->netns ? rt->netns : "", NULL);
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_note_locks(const struct runtime *rt, struct err *err)
{
	return locks(rt, "note", err);
}

/* keep: a word, or NULL. */
static int clean(const struct runtime *rt, const char *images, const char *keep, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	if (locks(rt, "remove", err) < 0)
		return -1;
	script_argv(&a, &script_clean, rt->run, images, keep, NULL);
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_clean(const struct runtime *rt, bool images, struct err *err)
{
	return clean(rt, images ? rt->images : "", NULL, err);
}

int runtime_clean_but_pages(const struct runtime *rt, struct err *err)
{
	return clean(rt, "", "keep", err);
}

int runtime_void_images(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	argv_addl(&a, "rm", "-f", "--", NULL);
	argv_addf(&a, "%s/inventory.img", rt->images);
	return run(rt, &a, CLEAN_MS, err);
}

int runtime_keep_logs(const struct runtime *rt, const char *directory, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_logs, rt->run, directory, NULL);
	return run(rt, &a, QUICK_MS, err);
}

int runtime_freeze_start(const struct runtime *rt, const char *freezer, struct job *job,
			 struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_freeze, rt->name, freezer ? freezer : "", NULL);
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_thaw(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_thaw, rt->name, NULL);
	return run(rt, &a, QUICK_MS, err);
}

static void common_flags(struct argv *a, const struct runtime *rt, const char *images,
			 const struct runtime_options *o)
{
	argv_addl(a, "--image-path", images, "--work-path", rt->run, NULL);
	if (o->file_locks)
		argv_add(a, "--file-locks");
	if (o->ext_unix_sk)
		argv_add(a, "--ext-unix-sk");
	if (o->shell_job)
		argv_add(a, "--shell-job");
}

int runtime_dump_start(const struct runtime *rt, const struct runtime_options *o, struct job *job,
		       struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *env = str_fmt("CRIU_CONFIG_FILE=%s/criu.conf", rt->run);
	CLEANUP_FREE char *log = str_fmt("%s/dump.out", rt->run);
	char *envs[] = {env, NULL};

	script_argv(&a, &script_dump, rt->name, rt->images, "runc", "checkpoint", NULL);
	common_flags(&a, rt, rt->images, o);
	/* Open connections never make a dump fail; the restore decides what happens to them. */
	if (o->tcp_established || o->tcp_close)
		argv_add(&a, "--tcp-established");
	if ((o->tcp_established || o->tcp_close) && o->runc >= RUNC_SKIP_IN_FLIGHT)
		argv_add(&a, "--tcp-skip-in-flight");
	if (o->link_remap && o->runc >= RUNC_SKIP_IN_FLIGHT)
		argv_add(&a, "--link-remap");
	if (o->parent_pass)
		argv_addf(&a, "--parent-path=pass-%u", o->parent_pass);
	if (o->lazy_pages)
		argv_add(&a, "--lazy-pages");
	if (o->page_server)
		argv_addl(&a, "--page-server", o->page_server, NULL);
	argv_add(&a, rt->name);
	return host_start(rt->host, &(struct command){.argv = a.v, .env = envs, .log = log}, job,
			  err);
}

int runtime_pass_start(const struct runtime *rt, unsigned number, const char *page_server,
		       struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *env = str_fmt("CRIU_CONFIG_FILE=%s/criu.conf", rt->run);
	CLEANUP_FREE char *digits = str_fmt("%u", number);
	char *envs[] = {env, NULL};

	script_argv(&a, &script_pass, digits, rt->run, rt->images, rt->name, page_server, NULL);
	return host_start(rt->host, &(struct command){.argv = a.v, .env = envs}, job, err);
}

int runtime_readahead_start(const struct runtime *rt, unsigned number, int timeout_ms,
			    struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_readahead, rt->images, NULL);
	argv_addf(&a, "%u", number);
	return start(rt, &a, timeout_ms, job, err);
}

/* Starts a job that ends with a line in one of the gate's fifos. */
static int line_start(const struct runtime *rt, const char *name, int timeout_ms, struct job *job,
		      struct err *err)
{
	CLEANUP_FREE char *fifo = str_fmt("%s/%s", rt->run, name);
	char *argv[] = {"head", "-n", "1", fifo, NULL};

	return host_start(rt->host, &(struct command){.argv = argv, .timeout_ms = timeout_ms}, job,
			  err);
}

int runtime_parked_start(const struct runtime *rt, struct job *job, struct err *err)
{
	return line_start(rt, "parked", PARK_MS, job, err);
}

int runtime_seize_start(const struct runtime *rt, const char *freezer, struct job *job,
			struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_seize, rt->run, rt->images, freezer ? freezer : "", NULL);
	return start(rt, &a, STATUS_MS, job, err);
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
	CLEANUP_FREE char *from = str_fmt("if=%s/go", rt->run);
	CLEANUP_FREE char *to = str_fmt("of=%s/verdict", rt->run);
	char *argv[] = {"dd", from, to, "conv=notrunc", "status=none", NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}

bool runtime_has_ended(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	CLEANUP_FREE char *out = NULL;
	char *argv[] = {"state", container, NULL};
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

	script_argv(&a, &script_verdict, rt->run, word, NULL);
	return run(rt, &a, QUICK_MS, err);
}

int runtime_await_dump(const struct runtime *rt, int timeout_ms, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_await, NULL);
	argv_addf(&a, "CRIU_CONFIG_FILE=%s/criu.conf", rt->run);
	return run(rt, &a, timeout_ms, err);
}

int runtime_restore_start(const struct runtime *rt, const struct runtime_options *o, bool parked,
			  int timeout_ms, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	CLEANUP_FREE char *conf =
		str_fmt("CRIU_CONFIG_FILE=%s/%s", rt->run, parked ? "parked.conf" : "criu.conf");
	CLEANUP_FREE char *env_tag = str_dup(rt->env_tag);
	CLEANUP_FREE char *log = str_fmt("%s/restore.out", rt->run);
	char *envs[] = {conf, env_tag, NULL};

	script_argv(&a, &script_restore, rt->run, rt->images, "runc", "restore", "--detach",
		    "--bundle", rt->bundle, NULL);
	common_flags(&a, rt, rt->pages ? rt->pages : rt->images, o);
	if (o->tcp_established || o->tcp_close)
		argv_add(&a, "--tcp-established");
	if (o->lazy_pages)
		argv_add(&a, "--lazy-pages");
	argv_add(&a, rt->name);
	struct command cmd = {.argv = a.v, .env = envs, .log = log, .timeout_ms = timeout_ms};
	return host_start(rt->host, &cmd, job, err);
}

int runtime_park_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	CLEANUP_FREE char *env_tag = str_dup(rt->env_tag);
	char *envs[] = {env_tag, NULL};

	script_argv(&a, &script_park, rt->run, NULL);
	return host_start(rt->host,
			  &(struct command){.argv = a.v, .env = envs, .timeout_ms = QUICK_MS}, job,
			  err);
}

int runtime_restore_go(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *from = str_fmt("if=%s/criu.conf", rt->run);
	CLEANUP_FREE char *to = str_fmt("of=%s/parked.conf", rt->run);
	char *argv[] = {"dd", from, to, "oflag=nonblock", "conv=notrunc", "status=none", NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}

int runtime_warm_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_warm, rt->run, NULL);
	return start(rt, &a, QUICK_MS, job, err);
}

int runtime_forget_restore(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *log = str_fmt("%s/restore.log", rt->run);
	CLEANUP_FREE char *out = str_fmt("%s/restore.out", rt->run);
	char *argv[] = {"rm", "-f", log, out, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
}

int runtime_watch_start(const struct runtime *rt, struct job *job, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_watch, rt->run, NULL);
	return host_start(rt->host, &(struct command){.argv = a.v, .timeout_ms = WATCH_MS}, job,
			  err);
}

int runtime_erase(const struct runtime *rt, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};

	script_argv(&a, &script_erase, rt->name, rt->env_tag, rt->bundle, rt->run, NULL);
	return run(rt, &a, ERASE_MS, err);
}

int runtime_is_whole(const struct runtime *rt, struct err *err)
{
	CLEANUP_FREE char *container = str_fmt("container=%s", rt->name);
	char *argv[] = {"whole", container, NULL};

	return host_run(rt->host, &(struct command){.argv = argv, .timeout_ms = QUICK_MS}, err);
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
