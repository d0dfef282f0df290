/* SPDX-License-Identifier: MIT */
#include "cmigrate/strategy.h"

#include "cmigrate/steps.h"

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
/* clang-format on */

const struct strategy strategy_cold = {"cold", cold, sizeof(cold) / sizeof(*cold)};
const struct strategy strategy_cold_ungated = {"cold", cold_ungated,
					       sizeof(cold_ungated) / sizeof(*cold_ungated)};

const struct strategy *strategy_of(const struct move *move)
{
	return move->gate ? &strategy_cold : &strategy_cold_ungated;
}
