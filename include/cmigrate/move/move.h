/* SPDX-License-Identifier: MIT */
/*
 * move: one move of one container, and everything that its steps work on. move_new() makes it from
 * the options of a command, move_from_json() from the journal of an interrupted move.
 */
#ifndef CMIGRATE_MOVE_H
#define CMIGRATE_MOVE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/base/strategy.h"
#include "cmigrate/check/preflight.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/container/journal.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/criu/post_copy.h"
#include "cmigrate/criu/runtime.h"
#include "cmigrate/criu/throttle.h"
#include "cmigrate/history/history.h"
#include "cmigrate/history/summary.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/host/host.h"
#include "cmigrate/network/endpoint_probe.h"
#include "cmigrate/network/handover.h"

/* The options of the command line; zero: not given. */
struct move_opts {
	char *from;
	char *strategy;
	char *transport; /* "shared" or "direct" */
	bool tcp_established, tcp_close;
	struct argv addresses; /* CIDR[@DEVICE] */
	struct argv endpoints;
	unsigned timeout; /* seconds */
	unsigned max_downtime_ms;
	char *if_slow;		      /* "go", "abort" or "post-copy" */
	char *if_silent;	      /* "rollback" or "keep" */
	unsigned long long bandwidth; /* bytes a second */
	bool keep_images, keep_logs, leave_running;
	unsigned keep; /* checkpoints of a container that goes on; 0: all */
	char *at;      /* id of the one to be restored; NULL: the newest */
	struct argv skip_checks;
	bool strict;	    /* a warning of a check refuses */
	struct argv fenced; /* for a restore: hosts that are off and needn't be asked */
	bool dry_run, rehearse, throttle;
	bool force; /* against rules about where a container may be: preflight_force() */
	bool file_locks, ext_unix_sk, shell_job, link_remap;
	unsigned long long ghost_limit;
};

#define MOVE_ID_SIZE 32
/* The least --bandwidth, bytes a second: with less, a message of CRIU's own would take seconds. */
#define BANDWIDTH_MIN 65536
/* A dump or a restore may take so long, plus the time for the memory. */
#define DUMP_BASE_MS 20000

/* Each half alone is a move too. Its other host counts as off (host.fenced). A rehearsal has both
 * hosts, and leaves the container where it is. */
enum move_kind { MOVE_WHOLE, MOVE_CHECKPOINT, MOVE_RESTORE, MOVE_REHEARSAL };

/* The number of a move in its batch, in its environment. */
#define MOVE_NUMBER_ENV "CMIGRATE_MOVE_NUMBER"

enum { SOURCE, DESTINATION, SIDES };

/* One of the two hosts of a move, and its view for the lower layers. */
struct side {
	char *name;
	struct host *host;
	struct facts facts; /* what the checks found */
	struct runtime_options options;
	struct address addresses[ADDRESSES_MAX]; /* without a device: not there, nor put there */
	char own_ips[ADDRESSES_MAX][IP_SIZE];	 /* the host's own, beside each of those; or "" */
	bool taken;				 /* the work directory there is another move's */
	/* Views of the members above and the move's names; move_set_sides() renews them. */
	struct runtime runtime;
	struct handover handover;
};

/* Decided before the first step. */
struct move_plan {
	enum strategy_id strategy;
	enum transport transport;
	int timeout_ms; /* for the endpoint */
	unsigned max_downtime_ms;
	enum if_slow if_slow;
	uint64_t bandwidth;  /* of memory that goes straight, bytes a second; 0: no limit */
	double predicted_ms; /* the freeze of a cold move; 0: not known */
	double expected_ms;  /* the freeze of this move; 0: not known, or not before the passes */
	int dump_timeout_ms; /* for a dump or a restore; grows with the memory */
	bool gate;	     /* CRIU waits after the dump, the source frozen and alive */
	/* The source's copy ends before the restore, and the images are the way back: because both
	 * copies want a lock, or because CRIU has no gate. */
	bool ends_first;
	/* A cold move whose memory follows the restored container from the images, which the
	 * destination has. It is false again where that failed and all of it was restored at once.
	 */
	bool lazy;
	uint64_t lazy_from; /* move.lazy_from of the configuration, bytes; 0: not set */
	bool keep_silent;   /* an endpoint that stays silent does not undo the move */
	bool keep_images, keep_logs;
	bool throttle;	    /* less processor time if the passes don't shrink */
	bool leave_running; /* a checkpoint after which the container goes on: a generation */
	unsigned keep;	    /* generations that stay; 0: all */
};

/* Commands that may still be under way. */
struct move_jobs {
	struct job dump, at_gate, seize, served, fetch, receive, park, restore, watch, warm,
		announce, pace;
};

/* Everything that has happened so far. A time is 0 until then. */
struct move_progress {
	enum hold_kind hold;
	bool forwarding;    /* the source sends packets on */
	bool parks;	    /* the restore may be started before there are images */
	bool tmpfs_saved;   /* some tmpfs of the container are saved beside CRIU's images */
	bool tmpfs_changed; /* after they were saved: a restore that is parked has old contents */
	int n_images;	    /* as the source said at its gate, for direct transport; 0: not said */
	bool gathered;	    /* direct transport: all images are beside the memory */
	bool dumped;	    /* the images are complete, the source is at its gate */
	bool committed;	    /* in this process: nothing leads back any more */
	bool released;	    /* clients may have been answered by the destination's copy */
	bool unanswered;    /* no endpoint answered in time, or the copy has ended */
	bool went_on;  /* the source's copy went on after the dump: the images are no way back */
	bool unseized; /* the last dump failed because CRIU could not seize the processes */
	unsigned n_seizures; /* dumps that failed like that */
	bool copy_ended;     /* the restored copy has run, and ended by itself */
	bool address_left;   /* the undo could not take it off the destination */
	bool left;	     /* undone except for something that a recovery removes */
	bool ended; /* the source's copy had ended by itself: there is none to go back to */
	char *endpoint_silence; /* why an endpoint did not answer before the move, or NULL */
	char *silent;		/* why the endpoint of a move that is kept is silent, or NULL */
	int freeze_limit_ms;	/* how long this freeze may last; freeze_limit.h */
	bool freeze_bounded;	/* max_downtime_ms ends it before that */
	int64_t freeze_end_us;	/* the deadline of the freeze; 0: not frozen, or no limit */
	struct throttle throttle;
	struct quota quota;  /* of the last look at it, for the throttle */
	int64_t looked_us;   /* when that was */
	int64_t deadline_us; /* of the whole move, up to its commit point */
	int64_t start_us, freeze_us, thawed_us, answered_us;
};

/* For the recovery of an interrupted move. */
struct move_recovery {
	bool active;	  /* this is a recovery: recover_move() writes the record */
	bool take_source; /* --take-source: the source's copy goes on, though the move was committed
			   */
	bool keep_journal; /* after an undo recovery tries another way: the journal stays */
	bool only_copy;	   /* the destination has the only copy: nothing is undone */
	bool serves; /* the destination has served since the crash: only its silence leads back */
	bool undecided; /* a host can't tell, so no decision is safe */
};

struct steering;

struct move {
	enum move_kind kind;
	char id[MOVE_ID_SIZE]; /* time and random digits; part of the names of its files and
				  processes */
	struct bundle bundle;
	struct side side[SIDES];
	struct replies
		asked; /* hosts that were asked for the container, until both are connected */
	struct state_dir state_dir;
	struct state_dir_lock lock;
	struct journal journal;
	const struct events *events;
	struct steering *steering; /* what other processes are told, and ask for; or NULL */

	struct move_plan plan;
	struct move_jobs jobs;
	struct move_progress progress;
	struct move_recovery recovery;
	/* On the source in post-copy, on the destination with direct transport. */
	struct page_server page_server;
	uint64_t destination_room; /* memory_left.h */
	struct containers members; /* the other living ones of the container's group */
	/* The quota of processor time on the source before it was throttled; "": it was not. */
	char quota[QUOTA_SIZE];
	struct check_results checks;
	struct history past; /* its earlier moves, if they are needed (bound.c) */
	struct probe *probe;
	struct summary summary;

	/* names of the things that it makes */
	char *work_dir, *image_dir, *page_dir;
	char tag[HANDOVER_TAG_SIZE];
};

/* The signal, after SIGINT, SIGTERM or SIGHUP, or MOVE_ABORTED. The engine looks at it between
 * steps. */
extern volatile int move_cancelled;
/* By `cmigrate abort`. */
#define MOVE_ABORTED (-1)
/* The same for a probe. */
extern const struct probe_stop move_stop;
/* "stopped by ...": for messages. Constant text. */
const char *move_cancelled_by(void);

/*
 * Resolves name, hosts, options and annotations; asks the hosts and checks. Changes nothing but the
 * proof files, which are gone when it returns, and takes the container's lock. Codes: EXIT_USAGE,
 * EXIT_REFUSED, EXIT_BUSY (locked, or an unfinished journal). move->checks is filled also if one of
 * them refuses. Free *ret by move_free() in any case.
 */
int move_new(const struct config *config, const struct move_opts *opts, const char *name,
	     const char *destination, const struct events *events, struct move **ret,
	     struct err *err);
/*
 * The same for one half: a checkpoint on `host`, or a restore there, of the images in
 * BUNDLE/checkpoint or of a generation (generations.h). host NULL: for a checkpoint the host that
 * has the container, for a restore this machine.
 */
int move_half_new(const struct config *config, const struct move_opts *opts, enum move_kind kind,
		  const char *name, const char *host, const struct events *events,
		  struct move **ret, struct err *err);
/* The same for a rehearsal, which copies all memory in the freeze through the shared directory,
 * whatever the strategy of its moves. */
int move_rehearsal_new(const struct config *config, const struct move_opts *opts, const char *name,
		       const char *destination, const struct events *events, struct move **ret,
		       struct err *err);
/* Ends the connections and gives the lock back. */
void move_free(struct move *move);

/* The move as "begin" of the journal keeps it. A new reference. */
json_t *move_json(const struct move *move);
/*
 * Makes a move from its journal. Its hosts are not connected to yet. The caller holds the lock.
 * bundle: the journal lies beside it. EXIT_FAILED: a field is missing or has a wrong type, or the
 * journal is another container's or names other images.
 */
int move_from_json(const json_t *object, const struct bundle *bundle, const struct config *config,
		   const struct events *events, struct move **ret, struct err *err);

/*
 * Renews runtime and net of both sides and the options of the page server. Call it after a change
 * of names, hosts, addresses, gate, transport or port.
 */
void move_set_sides(struct move *move);
/* The memory follows (post-copy, hybrid); it goes ahead, in passes (pre-copy, hybrid). */
bool move_is_post_copy(const struct move *move);
bool move_is_pre_copy(const struct move *move);
/* A move that fails goes back to this: "source", its frozen copy, or "images". */
const char *move_way_back(const struct move *move);
bool move_is_direct(const struct move *move);
bool move_has_address(const struct move *move);
/* Exchanges source and destination, so that recovery can restore on the source. */
void move_swap(struct move *move);
/*
 * Writes the record of a move that is over or in doubt, beside the bundle. A half alone has none,
 * nor a move that never began. Not while the container is frozen. A failure is only reported: it
 * changes nothing about the move.
 */
void move_record(struct move *move);
/* Makes move->probe for the endpoints, if there are any and it isn't made yet. */
int move_make_probe(struct move *move, struct err *err);
/* Milliseconds since the start of the move. */
double move_ms(const struct move *move, int64_t moment_us);

#endif
