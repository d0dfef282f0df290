/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "cmigrate/base/name.h"
#include "cmigrate/base/str.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/host/gate_keeper.h"

/* The word that every line which starts an agent has in it. */
#define MARK " serve --kept "

static int refuse(const char *why, struct err *err)
{
	const char *from = getenv("SSH_CONNECTION");

	openlog("cmigrate", LOG_PID, LOG_AUTHPRIV);
	syslog(LOG_WARNING, "gate-keeper: refused %s (from %.100s)", why, from ? from : "here");
	closelog();
	return err_set(err, EXIT_REFUSED, "gate-keeper: refused %s: this key is for cmigrate alone",
		       why);
}

static int gate_keeper_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	const char *root = app_bundle_root(app), *asked = getenv("SSH_ORIGINAL_COMMAND");

	(void)opts;
	(void)args;
	if (name_check_path(root, err) < 0)
		return err_wrap(err, "--bundle-root");
	if (!asked)
		return refuse("a shell", err);
	if (!strstr(asked, MARK)) {
		CLEANUP_FREE char *why = str_fmt("the command '%.100s'", asked);
		str_mask(why);
		return refuse(why, err);
	}
	return gate_keeper_serve(root, err);
}

const struct verb verb_gate_keeper = {
	.name = "gate-keeper",
	.synopsis = "",
	.summary = "let a key do cmigrate's work and nothing else",
	.details = "The forced command of a key in authorized_keys(5):\n"
		   "  restrict,command=\"/usr/local/bin/cmigrate gate-keeper\" ssh-ed25519 ...\n"
		   "Serves a cmigrate of the same build for containers below the bundle root\n"
		   "(--bundle-root DIR). Refuses and logs everything else.\n",
	.acts = true,
	.no_config = true,
	.run = gate_keeper_run,
};
