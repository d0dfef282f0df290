/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "cli/claim.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/cli/ui.h"

/* The default of docker and podman, which programs are written for. */
#define STOP_SECONDS 10
#define STOP_SECONDS_MAX 86400

struct stop_opts {
	struct claim_opts claim;
	char *timeout;
};

#define ROW(member, name, kind, arg, help) OPT(struct stop_opts, member, name, 0, kind, arg, help)

static const struct opt stop_table[] = {
	ROW(timeout, "timeout", OPT_STRING, "SECONDS",
	    "time between SIGTERM and SIGKILL; 0: kill at once (10)"),
	CLAIM_OPTS(struct stop_opts),
	{.name = NULL},
};

/* OPT_UINT reads 0 as "not given", but here 0 is a value. */
static int read_timeout(const char *text, unsigned *ret, struct err *err)
{
	size_t len = text ? strlen(text) : 0;

	*ret = STOP_SECONDS;
	if (!text)
		return 0;
	if (!len || len > 5 || strspn(text, "0123456789") != len ||
	    strtoul(text, NULL, 10) > STOP_SECONDS_MAX)
		return err_set(err, EXIT_USAGE,
			       "--timeout: '%s' is not a number of seconds up to %d", text,
			       STOP_SECONDS_MAX);
	*ret = (unsigned)strtoul(text, NULL, 10);
	return 0;
}

static int stop(struct app *app, const struct stop_opts *o, const char *name, struct claim *claim,
		char **ret_how, struct err *err)
{
	CLEANUP_CONTAINER struct container c = {0};
	unsigned seconds;

	if (read_timeout(o->timeout, &seconds, err) < 0 ||
	    claim_find(claim, app, name, &o->claim, &c, err) < 0)
		return -1;
	return claim_remove(claim, &c, &o->claim.addresses, seconds, ret_how, err);
}

static const char *ending(const char *how)
{
	if (strcmp(how, "kill") == 0)
		return ": killed";
	return strcmp(how, "stopped") == 0 ? ": it had ended already" : "";
}

static int stop_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	CLEANUP_CLAIM struct claim claim = {0};
	CLEANUP_FREE char *how = NULL;
	int status = stop(app, opts, args->v[0], &claim, &how, err);

	claim_summary(app, &claim, "stopped", json_pack("{s:s*}", "how", how), err);
	if (status < 0)
		return -1;
	if (!ui_is_quiet(app->ui))
		ui_print(app->ui, "stopped '%s' on %s%s\n", args->v[0], claim.host->name,
			 ending(how));
	return EXIT_DONE;
}

const struct verb verb_stop = {
	.name = "stop",
	.synopsis = "[OPTIONS] NAME",
	.summary = "end a container and take its address down",
	.details =
		"Sends SIGTERM, waits, sends SIGKILL, removes runc's state of the container and\n"
		"takes its service address off the host. The bundle stays, so that 'run' can\n"
		"start it again.\n",
	.opts = stop_table,
	.options_size = sizeof(struct stop_opts),
	.acts = true,
	.min_args = 1,
	.max_args = 1,
	.run = stop_run,
};
