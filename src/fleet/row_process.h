/* SPDX-License-Identifier: MIT */
/* row_process: the process that makes one move of a batch, or does something else for its row. */
#ifndef CMIGRATE_ROW_PROCESS_H
#define CMIGRATE_ROW_PROCESS_H

#include "cmigrate/fleet/batch.h"

/* Starts it and calls ways.begun before, or both callbacks if it can't be started: -1. */
int row_process_start(struct batch *batch, struct host *here, size_t row, struct err *err);
/* Reads what it has said, after it has ended: outcome, summary, error. exit_code is set. */
void row_process_read(const struct batch *batch, struct batch_move *move);

#endif
