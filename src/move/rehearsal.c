/* SPDX-License-Identifier: MIT */
/* A rehearsal from the command line: all checks of a cold move, then steps of its own. */
#include "part.h"

bool move_leaves_source(const struct move *m)
{
	return m->kind == MOVE_REHEARSAL || (m->kind == MOVE_CHECKPOINT && m->plan.leave_running);
}

void move_leave_addresses(struct move *m)
{
	for (size_t i = 0; i < m->bundle.n_addresses; i++)
		for (size_t side = 0; side < SIDES; side++)
			*m->side[side].addresses[i].device = '\0';
}

int move_rehearsal_new(const struct config *config, const struct move_opts *opts, const char *name,
		       const char *destination, const struct events *events, struct move **ret,
		       struct err *err)
{
	static char cold[] = "cold", shared[] = "shared", go[] = "go";
	struct move_opts as_cold = *opts;

	as_cold.strategy = cold;
	as_cold.transport = shared;
	as_cold.if_slow = go;
	as_cold.keep_images = as_cold.dry_run = false;
	if (move_new(config, &as_cold, name, destination, events, ret, err) < 0)
		return -1;
	struct move *m = *ret;
	if (!m->plan.gate)
		return err_set(err, EXIT_REFUSED,
			       "%s: criu 3.19 or newer is needed for a rehearsal",
			       m->side[SOURCE].name);
	m->kind = MOVE_REHEARSAL;
	m->plan.strategy = STRATEGY_REHEARSAL;
	/* Nothing runs there for which pages could follow. */
	m->plan.lazy = m->side[DESTINATION].options.lazy_pages = false;
	str_set(&m->summary.strategy, strategy_name(m->plan.strategy));
	str_set(&m->summary.way_back, NULL);
	/* Only the scratch network of the restore has them too. */
	move_leave_addresses(m);
	move_set_sides(m);
	return 0;
}
