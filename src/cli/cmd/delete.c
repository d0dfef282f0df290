/* SPDX-License-Identifier: MIT */
#include "cli/claim.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/container/find_host.h"
#include "cmigrate/host/config.h"

struct delete_opts {
	struct claim_opts claim;
	bool force;
};

#define ROW(member, name, kind, arg, help) OPT(struct delete_opts, member, name, 0, kind, arg, help)

static const struct opt delete_table[] = {
	ROW(force, "force", OPT_FLAG, NULL, "kill it if it is not stopped"),
	CLAIM_OPTS(struct delete_opts),
	{.name = NULL},
};

/*
 * A stopped container leaves nothing but its bundle. If no host has it, and every host was asked,
 * there is nothing left to delete.
 */
static bool is_gone(struct app *app, const char *name, struct claim *claim)
{
	CLEANUP_FREE char *here = config_here(app->config);
	const struct argv none_off = {0};
	struct err unused = ERR_INIT;

	return app->config->n_hosts &&
	       find_host_none(app->config, name, &none_off, app->events, &unused) == 0 &&
	       claim_init(claim, app, name, here, &unused) == 0 &&
	       claim_read_config(claim, &unused) == 0 && claim_take(claim, &unused) == 0;
}

/* Returns 1 if no host has it. */
static int delete (struct app *app, const struct delete_opts *o, const char *name,
		   struct claim *claim, struct err *err)
{
	CLEANUP_CONTAINER struct container c = {0};

	if (claim_find(claim, app, name, &o->claim, &c, err) < 0) {
		if (o->claim.on || claim->host || err->code != EXIT_REFUSED ||
		    !is_gone(app, name, claim))
			return -1;
		*err = (struct err)ERR_INIT;
		return 1;
	}
	if (container_lives(&c) && !o->force)
		return err_set(err, EXIT_REFUSED,
			       "container '%s' is %s on %s; end it with 'cmigrate stop %s', or "
			       "kill it with --force",
			       name, c.state, claim->host->name, name);
	return claim_remove(claim, &c, &o->claim.addresses, 0, NULL, err);
}

static int delete_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_CLAIM struct claim claim = {0};
	int status = delete (app, opts, args->v[0], &claim, err);

	if (status == 1)
		event_note(app->events, "nothing to delete: no host has '%s'", args->v[0]);
	claim_summary(app, &claim, status == 1 ? "gone" : "deleted", NULL, err);
	if (status < 0)
		return -1;
	if (status == 0 && !ui_is_quiet(app->ui))
		ui_print(app->ui, "deleted '%s' on %s\n", args->v[0], claim.host->name);
	return EXIT_DONE;
}

const struct verb verb_delete = {
	.name = "delete",
	.synopsis = "[OPTIONS] NAME",
	.summary = "remove a stopped container from its host",
	.details =
		"Removes runc's state of a stopped container and takes its service address off\n"
		"the host. The bundle is never touched. After 'cmigrate stop', which does both,\n"
		"nothing is left to do.\n",
	.opts = delete_table,
	.options_size = sizeof(struct delete_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = delete_run,
};
