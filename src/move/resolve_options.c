/* SPDX-License-Identifier: MIT */
/* The options of a move: the command line first, then the annotations, then the configuration. */
#include <string.h>

#include "cmigrate/base/options.h"
#include "part.h"

#define TIMEOUT_DEFAULT_S 30
/* An annotation may say no more. */
#define TIMEOUT_MAX_S 1000000

static int set_flag(struct runtime_options *o, const struct argv *words, struct err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		const char *w = words->v[i];
		if (strcmp(w, "--file-locks") == 0)
			o->file_locks = true;
		else if (strcmp(w, "--ext-unix-sk") == 0)
			o->ext_unix_sk = true;
		else if (strcmp(w, "--shell-job") == 0)
			o->shell_job = true;
		else if (strcmp(w, "--link-remap") == 0)
			o->link_remap = true;
		else if (strcmp(w, "--ghost-limit") == 0 && i + 1 < words->n)
			o->ghost_limit = options_size(words->v[++i]);
		else
			return err_set(err, EXIT_USAGE, "annotation org.cmigrate.criu: '%s'", w);
	}
	return 0;
}

static int resolve_flags(struct move *m, const struct move_opts *opts, struct err *err)
{
	struct runtime_options o = {0};

	if (set_flag(&o, &m->bundle.criu_flags, err) < 0)
		return -1;
	o.file_locks |= opts->file_locks;
	o.ext_unix_sk |= opts->ext_unix_sk;
	o.shell_job |= opts->shell_job;
	o.link_remap |= opts->link_remap;
	if (opts->ghost_limit)
		o.ghost_limit = opts->ghost_limit;
	const char *said = m->bundle.tcp;
	bool established = m->bundle.n_addresses > 0;
	if (said)
		established = strcmp(said, "established") == 0;
	if (opts->tcp_established || opts->tcp_close)
		established = opts->tcp_established;
	o.tcp_established = established;
	o.tcp_close = !established;
	o.own_network = !m->bundle.host_network && !m->bundle.netns;
	m->side[SOURCE].options = o;
	m->side[DESTINATION].options = o;
	return 0;
}

static unsigned first_of(unsigned a, unsigned b, unsigned c, unsigned d)
{
	return a ? a : b ? b : c ? c : d;
}

int move_resolve_options(struct move *m, const struct config *config, const struct move_opts *opts,
			 struct err *err)
{
	if (opts->addresses.n)
		m->bundle.n_addresses = 0;
	for (size_t i = 0; i < opts->addresses.n; i++)
		if (bundle_add_addresses(&m->bundle, opts->addresses.v[i], err) < 0)
			return err_wrap(err, "--address");
	if (opts->endpoints.n)
		argv_clear(&m->bundle.endpoints);
	argv_extend(&m->bundle.endpoints, &opts->endpoints);
	unsigned timeout =
		first_of(opts->timeout, m->bundle.timeout, config->timeout, TIMEOUT_DEFAULT_S);
	m->plan.timeout_ms = 1000 * (int)(timeout < TIMEOUT_MAX_S ? timeout : TIMEOUT_MAX_S);
	m->plan.bandwidth = opts->bandwidth ? opts->bandwidth : config->bandwidth;
	if (m->plan.bandwidth && m->plan.bandwidth < BANDWIDTH_MIN)
		return err_set(err, EXIT_USAGE, "--bandwidth: at least 64K");
	m->plan.keep_silent = opts->if_silent && strcmp(opts->if_silent, "keep") == 0;
	m->plan.keep_images = opts->keep_images;
	m->plan.keep_logs = opts->keep_logs;
	m->plan.throttle = opts->throttle;
	m->plan.leave_running = opts->leave_running;
	m->plan.keep = opts->keep;
	m->plan.lazy_from = config->lazy_from;
	if (resolve_flags(m, opts, err) < 0 || move_resolve_if_slow(m, config, opts, err) < 0)
		return -1;
	return move_resolve_strategy(m, config, opts, err) < 0
		       ? -1
		       : move_resolve_transport(m, config, opts, err);
}
