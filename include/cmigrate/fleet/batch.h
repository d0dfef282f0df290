/* SPDX-License-Identifier: MIT */
/*
 * batch: many moves, some of them at once. Each is a process of its own, `cmigrate --json move
 * ...`: it is as safe as one started by hand, has its own lock and journal, and goes on if this
 * process dies.
 */
#ifndef CMIGRATE_BATCH_H
#define CMIGRATE_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/str.h"
#include "cmigrate/fleet/batch_wish.h"
#include "cmigrate/history/summary.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/host.h"

/* Default number of moves out of a host and into a host at once. */
#define BATCH_PARALLEL 2
#define BATCH_PARALLEL_MAX 64

enum batch_outcome {
	BATCH_WAITING, /* not begun */
	BATCH_MOVED,
	BATCH_CHECKPOINTED, /* by `checkpoint`, and so on: the halves of a drain and a return */
	BATCH_STOPPED,
	BATCH_RESTORED,
	BATCH_STARTED,
	BATCH_GONE,    /* left the source, or ended there, before its turn came */
	BATCH_BUSY,    /* another cmigrate holds it */
	BATCH_LATE,    /* could not have ended in time, or did not */
	BATCH_PENDING, /* an interrupted move of it needs `recover` */
	BATCH_REFUSED, /* by every destination that was tried, or for a reason of its own */
	BATCH_UNDONE,
	BATCH_SILENT,
	BATCH_IN_DOUBT,
	BATCH_FAILED,
	BATCH_LOST, /* runs nowhere */
};

/* One move. Set before batch_run(): name, from, to (NULL: chosen), memory. All owned by the row. */
struct batch_move {
	char *name, *from, *to;
	/* "checkpoint" or "stop" on `from`, "restore" or "run" on `to`; NULL: the batch's verb. */
	const char *verb;
	uint64_t memory;
	const char *rule;    /* the rule that chose `to`, or NULL */
	double predicted_ms; /* how long it is expected to take; 0: not asked */
	enum batch_outcome outcome;
	int exit_code;		/* of its last process; -1: none was started */
	struct summary summary; /* of its last process; container is NULL if there was none */
	char *error;		/* one line, or NULL */
	double ms; /* from the start of its first process to the end of its last; negative: none */
	/* private to batch.c */
	bool running, done, told;
	struct job job;
	int64_t begun_us, not_before, busy_until;
};

struct ui;

/* The command that the moves are made for. Owned by the code that runs it. */
struct batch_caller {
	const struct config *config;
	const struct events *events;
	struct argv options; /* global ones, for each process: "--config", ... */
	/* Called with `ui` for each move that has come to its end. */
	void (*report)(struct ui *ui, const struct batch_move *move);
	struct ui *ui;
};
void batch_caller_clear(struct batch_caller *caller);
#define CLEANUP_CALLER __attribute__((cleanup(batch_caller_clear)))

/* Callbacks of the planner; each may be NULL. row: the number of the move. */
struct batch_ways {
	/*
	 * Sets the destination of a move (`to`, owned by the row). 0: set; 1: not now, because as
	 * many moves as allowed are under way; -1 with the reason if no host is left. NULL: `to` is
	 * given.
	 */
	int (*choose)(void *ctx, size_t row, struct err *err);
	/*
	 * Called after a destination has refused the move, or the move there was undone, or what
	 * a row does instead of a move has failed: the row has outcome and summary. Returns true
	 * if another host, or the same again, is worth trying.
	 */
	bool (*refused)(void *ctx, size_t row);
	/*
	 * Whether the move can no longer end in time, with the reason. Asked again and again until
	 * it is over: it is not begun then, and one that runs gets SIGTERM, which undoes it.
	 */
	bool (*late)(void *ctx, size_t row, bool running, struct err *why);
	/* Called before a process begins and after it has ended. moved: the container is on `to`
	 * now. */
	void (*begun)(void *ctx, size_t row);
	void (*ended)(void *ctx, size_t row, bool moved);
	/* Called once for each row, when it has come to its end. */
	void (*report)(void *ctx, size_t row);
	void *ctx;
};

struct batch {
	const struct batch_caller *caller;
	const char *verb; /* "move"; "check": only the checks; NULL: each row has its own */
	struct batch_move *rows;
	size_t n;
	const struct argv *options; /* words for each process of that verb, or NULL */
	unsigned parallel;	    /* 0: BATCH_PARALLEL */
	int busy_ms; /* how long to wait for a container that another cmigrate holds */
	bool stop_on_error;
	struct batch_ways ways; /* every callback may be NULL */
	struct batch_ear *ear;	/* borrowed; NULL: nobody can have it begin no further move */
	bool stopped;		/* no more were begun, because of a signal, an abort or the first
				 * error */
};

/*
 * Checks --parallel, and adds to *options what each process needs: "--skip-check ID" for each id in
 * skip_checks ("ID[,ID]"), "--strict". EXIT_USAGE: too many at once, or an unknown id.
 */
int batch_check_options(unsigned parallel, const struct argv *skip_checks, bool strict,
			struct argv *options, struct err *err);
/* Adds --max-downtime (0: not given), --if-slow and --encrypt (NULL) to the options of each move.
 */
void batch_add_wishes(unsigned max_downtime_ms, const char *if_slow, const char *encrypt,
		      struct argv *options);
/*
 * Makes the moves, in the order of the rows as far as the limits allow. A signal (move_cancelled)
 * is passed on once to the running processes, and nothing more is begun. After `cmigrate abort`
 * (ear) nothing more is begun either. Returns when all its
 * processes have ended. The results are in the rows.
 */
void batch_run(struct batch *batch);
void batch_move_clear(struct batch_move *move);
/* The number of moves with that outcome, and of those that failed. */
size_t batch_count(const struct batch_move *rows, size_t n, enum batch_outcome outcome);
size_t batch_count_failed(const struct batch_move *rows, size_t n);
/* "moved", "gone", "busy", ... as in JSON. */
const char *batch_word(enum batch_outcome outcome);
/* Not as it was asked for: somebody has to look. */
bool batch_is_failure(enum batch_outcome outcome);

#endif
