/* SPDX-License-Identifier: MIT */
/*
 * batch: many moves, some at once. Each is a process of its own, `cmigrate --json move ...`: it is
 * as safe as one started by hand, has its own lock and journal, and goes on when this process dies.
 */
#ifndef CMIGRATE_BATCH_H
#define CMIGRATE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/history/summary.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

/* Moves out of a host and into a host at once, unless said otherwise. */
#define BATCH_PARALLEL 2

enum batch_outcome {
	BATCH_WAITING, /* not begun */
	BATCH_MOVED,
	BATCH_GONE,    /* had left the source, or ended there, before its turn came */
	BATCH_BUSY,    /* another cmigrate holds it */
	BATCH_PENDING, /* an interrupted move of it waits for `recover` */
	BATCH_REFUSED, /* by every destination that there was, or for a reason of its own */
	BATCH_UNDONE,
	BATCH_SILENT,
	BATCH_IN_DOUBT,
	BATCH_FAILED,
	BATCH_LOST, /* runs nowhere */
};

/* One move. Set before batch_run(): name, from, to (NULL: chosen), memory. All owned by the row. */
struct batch_move {
	char *name, *from, *to;
	uint64_t memory;
	enum batch_outcome outcome;
	int exit_code;		/* of its last process; -1: none was started */
	struct summary summary; /* of its last process; container is NULL where it gave none */
	char *error;		/* one line; NULL where there is none */
	double ms;		/* from its first process to the end of the last; negative: none */
	/* private to batch.c */
	bool running, done;
	struct job job;
	int64_t begun_us, not_before, busy_until;
};

struct ui;

/* The command that the moves are made for. Owned by whoever runs it. */
struct batch_caller {
	const struct config *config;
	const struct events *events;
	struct argv options; /* global ones, for each process: "--config", ... */
	/* Hears of each move that has come to its end; ui: its own. */
	void (*report)(struct ui *ui, const struct batch_move *move);
	struct ui *ui;
};
void batch_caller_clear(struct batch_caller *caller);
#define CLEANUP_CALLER __attribute__((cleanup(batch_caller_clear)))

/* What whoever plans has to say; each may be NULL. row: the number of the move. */
struct batch_ways {
	/*
	 * Sets where a move is to go now (`to`, owned by the row). 0; 1: not now, as many as may be
	 * are on their way; -1 with the reason where no host is left. NULL: `to` is given.
	 */
	int (*choose)(void *ctx, size_t row, struct err *err);
	/* A destination has refused it, or the move there was undone (the row's outcome and
	 * summary); true if another is worth trying. */
	bool (*refused)(void *ctx, size_t row);
	/* A process begins, or has ended: moved tells whether the container is on `to` now. */
	void (*begun)(void *ctx, size_t row);
	void (*ended)(void *ctx, size_t row, bool moved);
	/* Once for each row, when it has come to its end. */
	void (*report)(void *ctx, size_t row);
	void *ctx;
};

struct batch {
	const struct batch_caller *caller;
	const char *verb; /* "move"; "check": the same without a move */
	struct batch_move *rows;
	size_t n;
	const struct argv *options; /* words for each process, or NULL */
	unsigned parallel;	    /* 0: BATCH_PARALLEL */
	int busy_ms; /* how long to wait for a container that another cmigrate holds */
	bool stop_on_error;
	struct batch_ways ways; /* every callback may be NULL */
	bool stopped;		/* no more were begun: a signal, or the first error */
};

/* "--skip-check ID" for each id of lists ("ID[,ID]") behind *options; one that isn't known is
 * EXIT_USAGE. */
int batch_skip_checks(const struct argv *lists, struct argv *options, struct err *err);
/*
 * Makes them, in the order of the rows as far as the limits let it. A signal (move_cancelled) is
 * passed on to what runs, once, and nothing more is begun. Returns when no process of it is left;
 * what came of them is in the rows.
 */
void batch_run(struct batch *batch);
void batch_move_clear(struct batch_move *move);
/* Moves of that outcome; those that failed. */
size_t batch_count(const struct batch_move *rows, size_t n, enum batch_outcome outcome);
size_t batch_count_failed(const struct batch_move *rows, size_t n);
/* "moved", "gone", "busy", ... as in JSON. */
const char *batch_word(enum batch_outcome outcome);
/* Not as it was asked for, and somebody has to look. */
bool batch_is_failure(enum batch_outcome outcome);

#endif
