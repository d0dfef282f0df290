/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/hooks.h"

#include "cmigrate/host/hook.h"

/* outcome NULL: the move has not begun. */
static int run_hook(const struct argv *hook, const struct move *move, const char *outcome,
		    struct err *err)
{
	CLEANUP_ARGV struct argv env = {0};

	argv_addf(&env, "CMIGRATE_CONTAINER=%s", move->bundle.name);
	argv_addf(&env, "CMIGRATE_SOURCE=%s", move->side[SOURCE].name);
	argv_addf(&env, "CMIGRATE_DESTINATION=%s", move->side[DESTINATION].name);
	if (outcome)
		argv_addf(&env, "CMIGRATE_OUTCOME=%s", outcome);
	return hook_run(hook, NULL, env.v, move->events, err);
}

int move_hook_before(const struct config *config, const struct move *move, struct err *err)
{
	if (run_hook(&config->hook_pre_move, move, NULL, err) == 0)
		return 0;
	err->code = EXIT_REFUSED;
	return err_wrap(err, "refused by hook pre_move");
}

int move_hook_after(const struct config *config, const struct move *move, struct err *err)
{
	if (run_hook(&config->hook_post_move, move, move->summary.outcome, err) == 0)
		return 0;
	(void)err_wrap(err, "hook post_move");
	event_note(move->events, "%s", err->msg);
	return -1;
}
