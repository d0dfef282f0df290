/* SPDX-License-Identifier: MIT */
#include "cmigrate/move/step_tables.h"

#include "steps.h"

/* clang-format off */
static const struct step cold[] = {
	/* name        run             undo            frozen  commit */
	{"prepare",    step_prepare,   undo_prepare,   false,  false},
	{"hold",       step_hold,      undo_hold,      false,  false},
	{"address",    step_address,   undo_address,   false,  false},
	{"settle",     step_settle,    undo_settle,    false,  false},
	{"freeze",     step_freeze,    undo_freeze,    true,   false},
	{"dump",       step_dump,      undo_dump,      true,   false},
	{"restore",    step_restore,   undo_restore,   true,   false},
	{"release",    step_release,   NULL,           false,  false},
	{"answer",     step_answer,    NULL,           false,  false},
	{"commit",     step_commit,    NULL,           false,  true},
	{"open-gate",  step_open_gate, NULL,           false,  false},
	{"clean",      step_clean,     NULL,           false,  false},
};

/*
 * The memory follows while the container runs on the destination already, from the images there. The
 * source stays at its gate until all of it has come.
 */
static const struct step cold_lazy[] = {
	{"prepare",    step_prepare_lazy, undo_prepare,   false,  false},
	{"hold",       step_hold,         undo_hold,      false,  false},
	{"address",    step_address,      undo_address,   false,  false},
	{"settle",     step_settle,       undo_settle,    false,  false},
	{"freeze",     step_freeze,       undo_freeze,    true,   false},
	{"dump",       step_dump,         undo_dump,      true,   false},
	{"serve",      step_serve_images, undo_serve,     true,   false},
	{"restore",    step_restore_lazy, undo_restore,   true,   false},
	{"release",    step_release,      NULL,           false,  false},
	{"answer",     step_answer,       NULL,           false,  false},
	{"drain",      step_drain_images, NULL,           false,  false},
	{"commit",     step_commit,       NULL,           false,  true},
	{"open-gate",  step_open_gate,    NULL,           false,  false},
	{"clean",      step_clean,        NULL,           false,  false},
};

/* Memory is written while the container runs; what is left of it is dumped as in a cold move. */
static const struct step pre_copy[] = {
	{"prepare",    step_prepare_hosts, undo_prepare,   false,  false},
	{"pre-copy",   step_pre_copy,      undo_pre_copy,  false,  false},
	{"park",       step_park,          NULL,           false,  false},
	{"hold",       step_hold,          undo_hold,      false,  false},
	{"address",    step_address,       undo_address,   false,  false},
	{"settle",     step_settle,        undo_settle,    false,  false},
	{"freeze",     step_freeze,        undo_freeze,    true,   false},
	{"dump",       step_dump,          undo_dump,      true,   false},
	{"restore",    step_restore,       undo_restore,   true,   false},
	{"release",    step_release,       NULL,           false,  false},
	{"answer",     step_answer,        NULL,           false,  false},
	{"commit",     step_commit,        NULL,           false,  true},
	{"open-gate",  step_open_gate,     NULL,           false,  false},
	{"clean",      step_clean,         NULL,           false,  false},
};

/* Memory is copied ahead in passes, and follows the container from the images there. */
static const struct step pre_copy_lazy[] = {
	{"prepare",    step_prepare_hosts, undo_prepare,   false,  false},
	{"pre-copy",   step_pre_copy,      undo_pre_copy,  false,  false},
	{"park",       step_park_lazy,     NULL,           false,  false},
	{"hold",       step_hold,          undo_hold,      false,  false},
	{"address",    step_address,       undo_address,   false,  false},
	{"settle",     step_settle,        undo_settle,    false,  false},
	{"freeze",     step_freeze,        undo_freeze,    true,   false},
	{"dump",       step_dump,          undo_dump,      true,   false},
	{"serve",      step_serve_images,  undo_serve,     true,   false},
	{"restore",    step_restore_lazy,  undo_restore,   true,   false},
	{"release",    step_release,       NULL,           false,  false},
	{"answer",     step_answer,        NULL,           false,  false},
	{"drain",      step_drain_images,  NULL,           false,  false},
	{"commit",     step_commit,        NULL,           false,  true},
	{"open-gate",  step_open_gate,     NULL,           false,  false},
	{"clean",      step_clean,         NULL,           false,  false},
};

/*
 * Memory follows while the container runs on the destination already. The commit comes when all of it
 * is there: until then the frozen source is the only whole copy.
 */
static const struct step post_copy[] = {
	{"prepare",    step_prepare_pages, undo_prepare_pages, false, false},
	{"hold",       step_hold,          undo_hold,          false, false},
	{"address",    step_address,       undo_address,       false, false},
	{"settle",     step_settle,        undo_settle,        false, false},
	{"freeze",     step_freeze,        undo_freeze,        true,  false},
	{"dump",       step_dump,          undo_dump_pages,    true,  false},
	{"serve",      step_serve,         undo_serve,         true,  false},
	{"restore",    step_restore,       undo_restore,       true,  false},
	{"release",    step_release,       NULL,               false, false},
	{"answer",     step_answer,        NULL,               false, false},
	{"drain",      step_drain,         NULL,               false, false},
	{"commit",     step_commit,        NULL,               false, true},
	{"end-source", step_end_source,    NULL,               false, false},
	{"clean",      step_clean_pages,   NULL,               false, false},
};

/* Memory goes ahead in passes, and what is left of it follows. */
static const struct step hybrid[] = {
	{"prepare",    step_prepare_hosts_pages, undo_prepare_pages, false, false},
	{"pre-copy",   step_pre_copy,            undo_pre_copy,      false, false},
	{"park",       step_park,                NULL,               false, false},
	{"hold",       step_hold,                undo_hold,          false, false},
	{"address",    step_address,             undo_address,       false, false},
	{"settle",     step_settle,              undo_settle,        false, false},
	{"freeze",     step_freeze,              undo_freeze,        true,  false},
	{"dump",       step_dump,                undo_dump_pages,    true,  false},
	{"serve",      step_serve,               undo_serve,         true,  false},
	{"restore",    step_restore,             undo_restore,       true,  false},
	{"release",    step_release,             NULL,               false, false},
	{"answer",     step_answer,              NULL,               false, false},
	{"drain",      step_drain,               NULL,               false, false},
	{"commit",     step_commit,              NULL,               false, true},
	{"end-source", step_end_source,          NULL,               false, false},
	{"clean",      step_clean_pages,         NULL,               false, false},
};

/*
 * The destination gets a file lock only after the source's copy has ended: the gate is opened before the
 * restore, and the way back is a restore from the images.
 */
static const struct step cold_ends_first[] = {
	{"prepare",    step_prepare,   undo_prepare,   false,  false},
	{"hold",       step_hold,      undo_hold,      false,  false},
	{"address",    step_address,   undo_address,   false,  false},
	{"settle",     step_settle,    undo_settle,    false,  false},
	{"freeze",     step_freeze,    undo_freeze,    true,   false},
	{"dump",       step_dump,      undo_dump,      true,   false},
	{"end-first",  step_end_first, NULL,           true,   false},
	{"restore",    step_restore,   undo_restore,   true,   false},
	{"release",    step_release,   NULL,           false,  false},
	{"answer",     step_answer,    NULL,           false,  false},
	{"commit",     step_commit,    NULL,           false,  true},
	{"clean",      step_clean,     NULL,           false,  false},
};

static const struct step pre_copy_ends_first[] = {
	{"prepare",    step_prepare_hosts, undo_prepare,   false,  false},
	{"pre-copy",   step_pre_copy,      undo_pre_copy,  false,  false},
	{"park",       step_park,          NULL,           false,  false},
	{"hold",       step_hold,          undo_hold,      false,  false},
	{"address",    step_address,       undo_address,   false,  false},
	{"settle",     step_settle,        undo_settle,    false,  false},
	{"freeze",     step_freeze,        undo_freeze,    true,   false},
	{"dump",       step_dump,          undo_dump,      true,   false},
	{"end-first",  step_end_first,     NULL,           true,   false},
	{"restore",    step_restore,       undo_restore,   true,   false},
	{"release",    step_release,       NULL,           false,  false},
	{"answer",     step_answer,        NULL,           false,  false},
	{"commit",     step_commit,        NULL,           false,  true},
	{"clean",      step_clean,         NULL,           false,  false},
};

/* CRIU before 3.19: the dump ends the source's processes, the way back is a restore from the images. */
static const struct step cold_ungated[] = {
	{"prepare",    step_prepare,      undo_prepare,      false, false},
	{"hold",       step_hold,         undo_hold,         false, false},
	{"address",    step_address,      undo_address,      false, false},
	{"settle",     step_settle,       undo_settle,       false, false},
	{"freeze",     step_freeze,       undo_freeze,       true,  false},
	{"dump",       step_dump_ungated, undo_dump_ungated, true,  false},
	{"restore",    step_restore,      undo_restore,      true,  false},
	{"release",    step_release,      NULL,              false, false},
	{"answer",     step_answer,       NULL,              false, false},
	{"commit",     step_commit,       NULL,              false, true},
	{"clean",      step_clean,        NULL,              false, false},
};

/* The second half alone: a container whose images are complete and that runs nowhere. */
static const struct step from_images[] = {
	{"prepare",    step_prepare_destination, undo_prepare_destination, false, false},
	{"hold",       step_hold,                undo_hold,                false, false},
	{"address",    step_address,             undo_address,             false, false},
	{"restore",    step_restore,             undo_restore,             true,  false},
	{"release",    step_release,             NULL,                     false, false},
	{"answer",     step_answer,              NULL,                     false, false},
	{"commit",     step_commit,              NULL,                     false, true},
	{"clean",      step_clean,               NULL,                     false, false},
};

/* The same on the source, if the destination can't do it. There is no "commit", which would say that the
 * destination has the container. */
static const struct step return_from_images[] = {
	{"prepare",    step_prepare_destination, undo_prepare_destination, false, false},
	{"hold",       step_hold,                undo_hold,                false, false},
	{"address",    step_address,             undo_address,             false, false},
	{"restore",    step_restore,             undo_restore,             true,  false},
	{"release",    step_release,             NULL,                     false, false},
	{"answer",     step_answer,              NULL,                     false, false},
	{"return",     step_return,              NULL,                     false, true},
	{"clean",      step_clean,               NULL,                     false, false},
};

/* The first half alone: the images are on disk before the container is ended. */
static const struct step checkpoint[] = {
	{"prepare",    step_prepare,        undo_prepare,       false, false},
	{"freeze",     step_freeze,         undo_freeze,        true,  false},
	{"dump",       step_dump,           undo_dump,          true,  false},
	{"sync",       step_sync,           NULL,               true,  false},
	{"commit",     step_commit,         NULL,               true,  true},
	{"open-gate",  step_open_gate,      NULL,               true,  false},
	{"leave",      step_leave,          NULL,               false, false},
};

/* CRIU before 3.19: the dump ends it, and until the images are on disk the way back is a restore from them. */
static const struct step checkpoint_ungated[] = {
	{"prepare",    step_prepare,        undo_prepare,       false, false},
	{"freeze",     step_freeze,         undo_freeze,        true,  false},
	{"dump",       step_dump_ungated,   undo_dump_ungated,  true,  false},
	{"sync",       step_sync,           NULL,               true,  false},
	{"commit",     step_commit,         NULL,               true,  true},
	{"leave",      step_leave,          NULL,               false, false},
};

/* The source goes on at once; its images become a generation once they are on disk. */
static const struct step generation[] = {
	{"prepare",    step_prepare,        undo_prepare,       false, false},
	{"freeze",     step_freeze,         undo_freeze,        true,  false},
	{"dump",       step_dump,           undo_dump,          true,  false},
	{"go-on",      step_go_on,          NULL,               true,  false},
	{"keep",       step_keep,           NULL,               false, true},
	{"prune",      step_prune,          NULL,               false, false},
	{"leave",      step_leave,          NULL,               false, false},
};

/* The source goes on at once, and nothing of the copy runs: it is undone whatever happens. */
static const struct step rehearsal[] = {
	{"prepare",    step_prepare_rehearsal, undo_prepare,    false, false},
	{"freeze",     step_freeze,            undo_freeze,     true,  false},
	{"dump",       step_dump,              undo_dump,       true,  false},
	{"go-on",      step_go_on,             NULL,            true,  false},
	{"try",        step_try,               undo_try,        false, false},
	{"clean",      step_clean_rehearsal,   NULL,            false, false},
};

/* Tidies up after a container that runs nowhere and has no images. */
static const struct step tidy[] = {
	{"tidy",       step_tidy,                NULL,                     false, false},
	{"clean",      step_clean,               NULL,                     false, false},
};
/* clang-format on */

const struct strategy strategy_cold = {"cold", cold, sizeof(cold) / sizeof(*cold), false};
const struct strategy strategy_cold_lazy = {"cold", cold_lazy,
					    sizeof(cold_lazy) / sizeof(*cold_lazy), false};
const struct strategy strategy_post_copy = {"post-copy", post_copy,
					    sizeof(post_copy) / sizeof(*post_copy), false};
const struct strategy strategy_pre_copy = {"pre-copy", pre_copy,
					   sizeof(pre_copy) / sizeof(*pre_copy), false};
const struct strategy strategy_pre_copy_lazy = {
	"pre-copy", pre_copy_lazy, sizeof(pre_copy_lazy) / sizeof(*pre_copy_lazy), false};
const struct strategy strategy_hybrid = {"hybrid", hybrid, sizeof(hybrid) / sizeof(*hybrid), false};
const struct strategy strategy_cold_ungated = {"cold", cold_ungated,
					       sizeof(cold_ungated) / sizeof(*cold_ungated), false};
const struct strategy strategy_cold_ends_first = {
	"cold", cold_ends_first, sizeof(cold_ends_first) / sizeof(*cold_ends_first), false};
const struct strategy strategy_pre_copy_ends_first = {
	"pre-copy", pre_copy_ends_first, sizeof(pre_copy_ends_first) / sizeof(*pre_copy_ends_first),
	false};
const struct strategy strategy_from_images = {"images", from_images,
					      sizeof(from_images) / sizeof(*from_images), false};

const struct strategy strategy_return_from_images = {
	"images", return_from_images, sizeof(return_from_images) / sizeof(*return_from_images),
	false};

const struct strategy strategy_tidy = {"tidy", tidy, sizeof(tidy) / sizeof(*tidy), true};

const struct strategy strategy_checkpoint = {"checkpoint", checkpoint,
					     sizeof(checkpoint) / sizeof(*checkpoint), false};

const struct strategy strategy_generation = {"checkpoint", generation,
					     sizeof(generation) / sizeof(*generation), false};

const struct strategy strategy_rehearsal = {"rehearsal", rehearsal,
					    sizeof(rehearsal) / sizeof(*rehearsal), false};

const struct strategy strategy_checkpoint_ungated = {
	"checkpoint", checkpoint_ungated, sizeof(checkpoint_ungated) / sizeof(*checkpoint_ungated),
	false};

const struct strategy *strategy_of(const struct move *move)
{
	if (move->kind == MOVE_CHECKPOINT && move->plan.leave_running)
		return &strategy_generation;
	if (move->kind == MOVE_CHECKPOINT)
		return move->plan.gate ? &strategy_checkpoint : &strategy_checkpoint_ungated;
	if (move->kind == MOVE_RESTORE)
		return &strategy_from_images;
	if (move->kind == MOVE_REHEARSAL)
		return &strategy_rehearsal;
	if (move_is_post_copy(move))
		return move_is_pre_copy(move) ? &strategy_hybrid : &strategy_post_copy;
	if (move_is_pre_copy(move))
		return move->plan.ends_first ? &strategy_pre_copy_ends_first
		       : move->plan.lazy     ? &strategy_pre_copy_lazy
					     : &strategy_pre_copy;
	if (!move->plan.gate)
		return &strategy_cold_ungated;
	if (move->plan.ends_first)
		return &strategy_cold_ends_first;
	return move->plan.lazy ? &strategy_cold_lazy : &strategy_cold;
}

const struct strategy *strategy_on_the_way(const struct strategy *begun, const struct move *move)
{
	const bool ahead = begun == &strategy_pre_copy || begun == &strategy_pre_copy_lazy;

	return ahead && move_is_post_copy(move) ? &strategy_hybrid : begun;
}
