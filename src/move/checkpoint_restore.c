/* SPDX-License-Identifier: MIT */
/* One half of a move: a checkpoint or a restore on one host. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/container/cordon.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/container/generations.h"
#include "cmigrate/host/remote_path.h"
#include "part.h"

static int name_host(struct move *m, const struct config *config, const char *host, struct err *err)
{
	CLEANUP_FREE char *name = str_dup(host);

	if (!name && m->kind == MOVE_RESTORE)
		name = config_here(config);
	if (!name &&
	    find_host_of(config, m->bundle.name, NULL, m->id, m->events, &m->asked, &name, err) < 0)
		return -1;
	if (name_check_host(name, err) < 0)
		return -1;
	m->side[SOURCE].name = str_dup(name);
	m->side[DESTINATION].name = str_dup(name);
	return 0;
}

static int check_checkpoint(const struct move *m, const char *status, struct err *err)
{
	bool there = false;

	if (strcmp(status, "running") != 0)
		return err_set(err, EXIT_REFUSED, "container '%s' on %s is %s, not running",
			       m->bundle.name, m->side[SOURCE].name,
			       *status ? status : "not there");
	if (!m->plan.gate && m->plan.leave_running)
		return err_set(err, EXIT_REFUSED,
			       "%s: criu 3.19 or newer is needed for --leave-running",
			       m->side[SOURCE].name);
	/* A generation has a directory of its own. */
	if (m->plan.leave_running)
		return 0;
	if (path_exists(m->side[SOURCE].host, m->bundle.name, PATH_CHECKPOINT, &there, err) < 0)
		return -1;
	if (there)
		return err_set(err, EXIT_REFUSED,
			       "'%s' is there already: restore it or remove it first",
			       m->image_dir);
	return 0;
}

static int check_cordon(const struct side *side, struct err *err)
{
	CLEANUP_CORDONS struct cordons marks = {0};

	cordons_add(&marks, &side->facts);
	const struct cordon *mark = cordons_find(&marks, side->name);
	if (!mark)
		return 0;
	CLEANUP_FREE char *sentence = cordon_sentence(mark);
	(void)err_set(err, EXIT_REFUSED,
		      "check 'cordon': %s; 'cmigrate uncordon %s' ends that; name another host "
		      "with --on, or --force",
		      sentence, mark->host);
	return err_because_check(err, "cordon", false);
}

static int check_restore(struct move *m, const struct move_opts *opts, const char *status,
			 struct err *err)
{
	if (*status)
		return err_set(err, EXIT_REFUSED, "container '%s' on %s is %s already",
			       m->bundle.name, m->side[DESTINATION].name, status);
	return move_choose_images(m, opts, err);
}

static int check(struct move *m, const struct move_opts *opts, struct err *err)
{
	const struct side *side = &m->side[m->kind == MOVE_RESTORE ? DESTINATION : SOURCE];
	CLEANUP_FREE char *status = NULL;

	move_set_sides(m);
	if (runtime_status(&side->runtime, &status, err) < 0)
		return -1;
	return m->kind == MOVE_RESTORE ? check_restore(m, opts, status, err)
				       : check_checkpoint(m, status, err);
}

/* Finds the devices of the addresses. Both sides are the same host. */
static int find_addresses(struct move *m, const struct config *config, struct err *err)
{
	const struct config_host *row = config_find(config, m->side[SOURCE].name);
	struct preflight p = {.bundle = &m->bundle,
			      .id = m->id,
			      .source_name = m->side[SOURCE].name,
			      .destination_name = m->side[DESTINATION].name,
			      .source = &m->side[SOURCE].facts,
			      .destination = &m->side[DESTINATION].facts,
			      .destination_device = row ? row->device : NULL};

	if (preflight_addresses(&p, err) < 0)
		return -1;
	memcpy(m->side[SOURCE].addresses, p.source_addresses, sizeof(m->side[SOURCE].addresses));
	memcpy(m->side[DESTINATION].addresses, p.destination_addresses,
	       sizeof(m->side[DESTINATION].addresses));
	for (size_t i = 0; i < m->bundle.n_addresses; i++)
		if (!*m->side[DESTINATION].addresses[i].device)
			return err_set(err, EXIT_REFUSED,
				       "no device for %s on %s; name it: %s@DEVICE",
				       m->bundle.addresses[i].ip, m->side[SOURCE].name,
				       m->bundle.addresses[i].ip);
	return 0;
}

/* Checks what would end a dump, and what a restore of its images would lack. */
static int check_container(struct move *m, const struct move_opts *opts, struct err *err)
{
	const struct side *src = &m->side[SOURCE];
	struct preflight p = {.bundle = &m->bundle,
			      .id = m->id,
			      .source_name = src->name,
			      .destination_name = src->name,
			      .source = &src->facts,
			      .destination = &src->facts,
			      .strategy = STRATEGY_COLD,
			      .encrypt = m->plan.encrypt,
			      .ext_unix_sk = src->options.ext_unix_sk,
			      .shell_job = src->options.shell_job,
			      .link_remap = src->options.link_remap,
			      .ghost_limit = src->options.ghost_limit,
			      .strict = opts->strict,
			      .alone = true};
	int status = preflight_skip(&opts->skip_checks, &p.skip, err);

	/* The container stays where the cluster has it. */
	if (m->plan.leave_running)
		argv_add(&p.skip, "owner");

	if (status == 0) {
		preflight_run(&p, &m->checks);
		warnings_of(&m->checks, &m->summary.warnings);
		status = preflight_verdict(&m->checks, err);
	}
	argv_clear(&p.skip);
	return status;
}

static int prepare(struct move *m, const struct config *config, const struct move_opts *opts,
		   struct err *err)
{
	if (move_read_bundle(m, err) < 0 || move_resolve_options(m, config, opts, err) < 0 ||
	    move_take_lock(m, false, err) < 0 || move_gather_facts(m, config, err) < 0)
		return -1;
	move_resolve_versions(m);
	if (m->kind == MOVE_RESTORE && !opts->force && check_cordon(&m->side[DESTINATION], err) < 0)
		return -1;
	/* The peers have given up old connections by now, for instance after a reboot. */
	if (m->kind == MOVE_RESTORE && !opts->tcp_established) {
		m->side[DESTINATION].options.tcp_established = false;
		m->side[DESTINATION].options.tcp_close = true;
	}
	if (m->kind == MOVE_RESTORE &&
	    find_host_none(config, m->bundle.name, &opts->fenced, m->events, err) < 0)
		return -1;
	if (find_addresses(m, config, err) < 0 || check(m, opts, err) < 0)
		return -1;
	if (move_leaves_source(m)) {
		move_leave_addresses(m);
		move_set_sides(m);
	}
	return m->kind == MOVE_CHECKPOINT ? check_container(m, opts, err) : 0;
}

int move_half_new(const struct config *config, const struct move_opts *opts, enum move_kind kind,
		  const char *name, const char *host, const struct events *events,
		  struct move **ret, struct err *err)
{
	struct move *m = mem_new(1, sizeof(*m));

	*ret = m;
	m->kind = kind;
	if (move_begin(m, config, opts, name, events, err) < 0 ||
	    config_check_fenced(config, &opts->fenced, err) < 0)
		return -1;
	free(m->image_dir);
	m->image_dir = opts->leave_running
			       ? str_fmt("%s/" BUNDLE_GENERATIONS "/.%s", m->bundle.dir, m->id)
			       : str_fmt("%s/" BUNDLE_CHECKPOINT, m->bundle.dir);
	if (name_host(m, config, host, err) < 0 || move_connect(m, config, err) < 0)
		return -1;
	replies_clear(&m->asked);
	int status = prepare(m, config, opts, err);
	m->plan.strategy = kind == MOVE_RESTORE ? STRATEGY_RESTORE : STRATEGY_CHECKPOINT;
	str_set(&m->summary.strategy, strategy_name(m->plan.strategy));
	str_set(&m->summary.source, m->side[SOURCE].name);
	str_set(&m->summary.destination, m->side[DESTINATION].name);
	move_remove_proof(m);
	return status;
}
