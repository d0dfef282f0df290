/* SPDX-License-Identifier: MIT */
/* strategy: the tables of steps (step_tables.c). What a step does is in step_*.c. */
#ifndef CMIGRATE_STRATEGY_H
#define CMIGRATE_STRATEGY_H

#include "cmigrate/move/engine.h"

/* Everything is dumped while the container is frozen; the source waits at CRIU's gate. */
extern const struct strategy strategy_cold;
/* The same, but the memory follows from the images on the destination (move_plan.lazy). */
extern const struct strategy strategy_cold_lazy;
/* The same for a CRIU without a gate: the way back is a restore on the source. */
extern const struct strategy strategy_cold_ungated;
/* The same if the source's copy ends before the restore (move_plan.ends_first). */
extern const struct strategy strategy_cold_ends_first;
/* Memory goes ahead in passes (pre_copy.h). */
extern const struct strategy strategy_pre_copy;
extern const struct strategy strategy_pre_copy_lazy;
extern const struct strategy strategy_pre_copy_ends_first;
/* Memory goes ahead, and what is left of it follows. */
extern const struct strategy strategy_hybrid;
/* Memory follows the container (post_copy.h). */
extern const struct strategy strategy_post_copy;
/* A restore alone, from complete images; the way back leaves the images. */
extern const struct strategy strategy_from_images;
/* The same for recovery, of a move whose hosts have changed places (move_swap). */
extern const struct strategy strategy_return_from_images;
/* A dump alone, into images that stay; with leave_running the container goes on afterwards. */
extern const struct strategy strategy_checkpoint;
extern const struct strategy strategy_generation;
/* The same without a gate, for a CRIU that has none. */
extern const struct strategy strategy_checkpoint_ungated;
/* A dump after which the container goes on, and a restore that lets nothing run. */
extern const struct strategy strategy_rehearsal;
/* For recovery, if the container runs nowhere and has no complete images. */
extern const struct strategy strategy_tidy;

/* The table for a move: by its strategy, and by whether its source has a gate. */
const struct strategy *strategy_of(const struct move *move);
/* The table by which a move goes on that has begun with `begun`: pre-copy may have become hybrid,
 * whose table has the same steps up to the dump. */
const struct strategy *strategy_on_the_way(const struct strategy *begun, const struct move *move);

#endif
