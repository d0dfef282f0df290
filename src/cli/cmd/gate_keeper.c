/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <unistd.h>

#include "cmigrate/base/name.h"
#include "cmigrate/cli/cmd.h"
#include "cmigrate/gate/gate_keeper.h"

/* Executes this program again with its present environment. */
static int again(const char *bundle_root, struct err *err)
{
	char *argv[] = {"cmigrate", "--bundle-root", (char *)(uintptr_t)bundle_root, "gate-keeper",
			NULL};

	(void)execv("/proc/self/exe", argv);
	return err_errno(err, EXIT_FAILED, "gate-keeper: can't start '/proc/self/exe'");
}

static int gate_keeper_run(struct app *app, void *opts, const struct argv *args, struct err *err)
{
	const char *root = app_bundle_root(app);
	bool anew = false;

	(void)opts;
	(void)args;
	if (name_check_path(root, err) < 0)
		return err_wrap(err, "--bundle-root");
	if (gate_keeper_open(root, &anew, err) < 0)
		return -1;
	if (anew)
		return again(root, err);
	return gate_keeper_serve(root, err);
}

const struct verb verb_gate_keeper = {
	.name = "gate-keeper",
	.synopsis = "",
	.summary = "let a key do cmigrate's work and nothing else",
	.details =
		"The forced command of a key in authorized_keys(5):\n"
		"  restrict,command=\"/usr/local/bin/cmigrate gate-keeper\" ssh-ed25519 ...\n"
		"Allows the commands of a cmigrate of the same version for containers below the\n"
		"bundle root (--bundle-root DIR). Refuses and logs everything else.\n",
	.acts = true,
	.no_config = true,
	.run = gate_keeper_run,
};
