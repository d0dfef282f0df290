/* SPDX-License-Identifier: MIT */
/*
 * move: one move of one container, everything its steps work on. Built by move_new() from the
 * options of the command, or by move_from_journal() from what an interrupted move had written down.
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
#include "cmigrate/history/summary.h"
#include "cmigrate/host/ask_all.h"
#include "cmigrate/host/config.h"
#include "cmigrate/host/facts.h"
#include "cmigrate/host/host.h"
#include "cmigrate/network/endpoint_probe.h"
#include "cmigrate/network/handover.h"

/* What the command line says; zero values: not said. */
struct move_opts {
	char *from;
	char *strategy;
	char *transport; /* "shared" or "direct" */
	bool tcp_established, tcp_close;
	struct argv addresses; /* CIDR[@DEVICE] */
	struct argv endpoints;
	unsigned timeout; /* seconds */
	unsigned max_downtime_ms;
	char *if_silent; /* "rollback" or "keep" */
	bool keep_images, keep_logs, leave_running;
	struct argv skip_checks;
	struct argv fenced; /* of a restore: hosts that are off and needn't be asked */
	bool dry_run;
	bool file_locks, ext_unix_sk, shell_job, link_remap;
	unsigned long long ghost_limit;
};

#define MOVE_ID_SIZE 32
/* What CRIU may take for a dump or a restore, besides the time for the memory. */
#define DUMP_BASE_MS 20000

/* The two halves alone are moves too, whose other host is one that is off (host.fenced). */
enum move_kind { MOVE_WHOLE, MOVE_CHECKPOINT, MOVE_RESTORE };

/* In the environment of a move that is one of several: its number among them. */
#define MOVE_NUMBER_ENV "CMIGRATE_MOVE_NUMBER"

enum { SOURCE, DESTINATION, SIDES };

/* One of the two hosts of a move, and what the lower layers want to know of it. */
struct side {
	char *name;
	struct host *host;
	struct facts facts; /* what the checks found */
	struct runtime_options options;
	struct address addresses[ADDRESSES_MAX]; /* without a device: not there, nor put there */
	char own_ips[ADDRESSES_MAX][IP_SIZE];	 /* the host's own, beside each of those; or "" */
	bool taken;				 /* the work directory there is another move's */
	/* Views of the above and of the move's names, by move_set_sides(). */
	struct runtime runtime;
	struct net net;
};

/* What was decided before the first step. */
struct move_plan {
	enum strategy_id strategy;
	enum transport transport;
	int timeout_ms; /* for the endpoint */
	unsigned max_downtime_ms;
	double predicted_ms; /* the freeze of a cold move; 0: not known */
	int dump_timeout_ms; /* for CRIU: grows with the memory */
	bool gate;	     /* CRIU waits after the dump, the source frozen and alive */
	/* The source's copy ends before the restore, and the images are the way back: for a lock
	 * that both copies want, or a CRIU without a gate. */
	bool ends_first;
	bool keep_silent; /* an endpoint that stays silent does not undo the move */
	bool keep_images, keep_logs;
	bool leave_running; /* of a checkpoint: the container goes on afterwards */
};

/* What has been started and may still be under way. */
struct move_jobs {
	struct job dump, at_gate, seize, served, fetch, receive, restore, watch, warm, kick,
		announce;
};

/* What has happened. Times are 0 until then. */
struct move_progress {
	char *freezer; /* of the container on the source, found in 'prepare'; NULL: not known */
	enum hold_kind hold;
	bool forwarding;    /* the source sends packets on */
	bool parks;	    /* the restore may be started before there are images */
	bool tmpfs_saved;   /* some of the container's tmpfs are, and not by CRIU */
	bool tmpfs_changed; /* since they were saved: a restore that is parked has old ones */
	int n_images;	 /* as the source said at its gate, for direct transport; 0: it did not */
	bool dumped;	 /* the images are complete, the source is at its gate */
	bool released;	 /* clients may have been answered by the destination's copy */
	bool unanswered; /* no endpoint answered in all its time, or for a copy that has ended */
	bool went_on;	 /* the source's copy, after its images: those are no way back */
	bool unseized;	 /* CRIU could not seize the processes just then */
	unsigned n_seizures; /* that failed so */
	bool copy_ended;     /* the restored one has run, and ended by itself */
	bool address_left;   /* the undo could not take it off the destination */
	bool left;	     /* undone, but for something that a recovery removes */
	bool ended; /* the source's copy had ended by itself: there is none to go back to */
	char *endpoint_silence; /* why an endpoint did not answer before the move, or NULL */
	char *silent;		/* why the endpoint of a move that is kept is silent, or NULL */
	int freeze_limit_ms;	/* how long this freeze may last; freeze_limit.h */
	int64_t freeze_end_us;	/* when that is over; 0: not frozen, or nobody counts */
	int64_t deadline_us;	/* of the whole move, up to its commit point */
	int64_t start_us, freeze_us, thawed_us, answered_us;
};

/* What recovery knows of an interrupted move. */
struct move_recovery {
	bool active;	   /* its record is written by recover_move(), once it knows the outcome */
	bool take_source;  /* asked for: the source's copy goes on, though the move was committed */
	bool keep_journal; /* what is undone isn't over: recovery tries another way */
	bool only_copy;	   /* on the destination: nothing is to be undone */
	bool serves;	   /* it has since the crash: only its silence leads back */
	bool undecided;	   /* a host that can't tell stands against every way */
};

struct move {
	enum move_kind kind;
	char id[MOVE_ID_SIZE]; /* time and random digits; names files and processes of this move */
	struct bundle bundle;
	struct side side[SIDES];
	struct answers asked; /* who was asked where it is, until both hosts are connected to */
	struct store store;
	struct store_lock lock;
	struct journal journal;
	const struct events *events;

	struct move_plan plan;
	struct move_jobs jobs;
	struct move_progress progress;
	struct move_recovery recovery;
	/* On the source in post-copy, on the destination with direct transport. */
	struct pages page_server;
	uint64_t destination_room; /* memory_left.h */
	struct check_results checks;
	struct probe *probe;
	struct summary summary;

	/* names of what it makes */
	char *work_dir, *image_dir, *page_dir, *env_tag, *restore_tag;
	char tag[NET_TAG_SIZE];
};

/* Nonzero once SIGINT, SIGTERM or SIGHUP has come: main's handler sets it, the engine looks. */
extern volatile int move_cancelled;

/*
 * Resolves name, hosts, options and annotations; asks the hosts and checks. Changes nothing but the
 * proof files, which are gone when it returns, and takes the container's lock. Codes: EXIT_USAGE,
 * EXIT_REFUSED, EXIT_BUSY (locked, or an unfinished journal). checks is filled also where one of
 * them refuses. *ret is to be freed by move_free() in any case.
 */
int move_new(const struct config *config, const struct move_opts *opts, const char *name,
	     const char *destination, const struct events *events, struct move **ret,
	     struct err *err);
/*
 * The same for one half: a checkpoint on `host`, or a restore there, of the images in
 * BUNDLE/checkpoint. host NULL: for a checkpoint the host that has the container, for a restore
 * this machine.
 */
int move_half_new(const struct config *config, const struct move_opts *opts, enum move_kind kind,
		  const char *name, const char *host, const struct events *events,
		  struct move **ret, struct err *err);
/* Ends the connections and gives the lock back. */
void move_free(struct move *move);

/* What "begin" of the journal keeps. A new reference. */
json_t *move_json(const struct move *move);
/*
 * A move as its journal tells it; its hosts are new ones, not connected to yet. The lock is the
 * caller's business. bundle: beside which the journal lies. EXIT_FAILED: a field is missing or of a
 * wrong type, or it is of another container, or names other images than that has.
 */
int move_from_json(const json_t *object, const struct bundle *bundle, const struct config *config,
		   const struct events *events, struct move **ret, struct err *err);

/*
 * Renews both sides' runtime and net, and the options of the page server, after anything that they
 * are made of has changed: names, hosts, addresses, gate, transport.
 */
void move_set_sides(struct move *move);
/* Its memory follows (post-copy, hybrid); it goes ahead, in passes (pre-copy, hybrid). */
bool move_is_post_copy(const struct move *move);
bool move_is_pre_copy(const struct move *move);
/* What a move that fails goes back to: "source", its frozen copy, or "images". */
const char *move_way_back(const struct move *move);
bool move_is_direct(const struct move *move);
bool move_has_address(const struct move *move);
/* Exchanges source and destination: recovery restores on the source. */
void move_swap(struct move *move);
/*
 * Writes the record of a move that has come to its end, or to its doubt, beside the bundle; of the
 * two halves alone there is none, nor of a move that never began. Not while the container is
 * frozen. What keeps it from being written is only reported: the move is what it is.
 */
void move_record(struct move *move);
/* Makes move->probe for the endpoints unless it is there or there are none. */
int move_make_probe(struct move *move, struct err *err);
/* Milliseconds since the start of the move. */
double move_ms(const struct move *move, int64_t moment_us);

#endif
