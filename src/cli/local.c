/* SPDX-License-Identifier: MIT */
#include "local.h"

#include <string.h>

#include "cmigrate/base/fields.h"
#include "cmigrate/base/name.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/host/host.h"

#define LOOK_MS 10000

static const struct {
	const char *state, *text;
	enum exit_code code;
} states[] = {
	{"running", "running", EXIT_DONE},
	{"paused", "paused", EXIT_DONE},
	{"gate", "held by a move", EXIT_DONE},
	{"uncommitted", "restored by a move that isn't committed", EXIT_BUSY},
	{"created", "created, not started", EXIT_REFUSED},
	{"stopped", "stopped", EXIT_REFUSED},
	{"", "not here", EXIT_REFUSED},
};
#define N_STATES (sizeof(states) / sizeof(*states))

static int ask(const struct app *app, const char *name, char **ret, struct err *err)
{
	/* Its name in the configuration could only be found by DNS. */
	CLEANUP_HOST struct host *here = host_new("localhost", NULL, NULL, app->events);
	CLEANUP_FREE char *container = str_fmt("container=%s", name);
	char *argv[] = {"here", container, NULL};

	here->root = str_dup(app_bundle_root(app));
	return host_output(here, &(struct command){.argv = argv, .timeout_ms = LOOK_MS}, ret, err);
}

int local_report(const struct app *app, const char *name, struct err *err)
{
	CLEANUP_FREE char *out = NULL;
	size_t i = 0;

	if (name_check(name, err) < 0 || ask(app, name, &out, err) < 0)
		return -1;
	const char *state = out ? str_trim(out) : "";
	while (i < N_STATES && strcmp(states[i].state, state) != 0)
		i++;
	if (i == N_STATES)
		return err_set(err, EXIT_FAILED, "the agent says '%.32s' of '%s'", state, name);
	if (ui_is_json(app->ui))
		ui_json(app->ui, json_pack("{s:s, s:o}", "name", name, "state",
					   json_of_text(*state ? state : NULL)));
	else if (!ui_is_quiet(app->ui))
		ui_print(app->ui, "%s: %s\n", name, states[i].text);
	return (int)states[i].code;
}
