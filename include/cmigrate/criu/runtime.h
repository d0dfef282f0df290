/* SPDX-License-Identifier: MIT */
/*
 * runtime: runc and CRIU on a host: freezing, dumping to CRIU's gate, restoring, and what their
 * logs say when they fail.
 *
 * Order on the source: runtime_prepare_start, runtime_at_gate_start, runtime_dump_start,
 * runtime_freeze_start, runtime_dump_go, then runtime_verdict and the end of the dump job. On the
 * destination: runtime_prepare_start, runtime_restore_start (parked, or behind the dump).
 */
#ifndef CMIGRATE_RUNTIME_H
#define CMIGRATE_RUNTIME_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/host/host.h"

/* Where runc on a host finds the things of one move. Borrowed. */
struct runtime {
	struct host *host;
	const char *name;
	const char *bundle;
	const char *run;    /* work directory, on a tmpfs of the host */
	const char *images; /* on the shared directory */
	const char
		*pages; /* where a restore finds them with the memory (receive.h); NULL: images */
	const char
		*mark; /* KEY=VALUE in the environment of what restores: erase finds it by that */
	bool gate;     /* the criu there has a gate under runc (3.19) */
	bool locks;    /* CRIU locks connections by rules of its own */
	const char
		*netns; /* where it does so: path of the container's network namespace, or NULL */
};

/* Options that runc or CRIU are given for a container, on both hosts alike. */
struct runtime_options {
	bool tcp_established; /* connections go along */
	bool tcp_close;	      /* connections are dumped and closed at the restore */
	bool file_locks, ext_unix_sk, shell_job, link_remap;
	unsigned long long ghost_limit;
	unsigned runc;	 /* version of the runc there, VERSION() */
	unsigned criu;	 /* version of the criu there */
	bool lazy_pages; /* post-copy: memory stays behind */
	/* On the source ADDRESS:PORT of the page server (its own, or what receives), borrowed. */
	const char *page_server;
	unsigned parent_pass;	/* the last pass of pre-copy, which the dump builds on; 0: none */
	bool network_lock_skip; /* packets are kept away by the hold and the bounce: CRIU needn't */
};

/*
 * Makes the work directory, CRIU's configuration file and, on the source, images directory and
 * gate (src/scripts/prepare.sh). role: "source", "ungated" or "destination", or where memory goes
 * straight from one to the other "sender" and "receiver".
 */
int runtime_prepare_start(const struct runtime *rt, const char *role,
			  const struct runtime_options *o, struct job *job, struct err *err);
/* Of that job, done on a destination: whether a restore may be parked there. */
bool runtime_parks(const struct job *prepared);
/*
 * Where CRIU locks connections, between that job and the first dump or restore: notes what looks
 * like its rules already, which runtime_clean() is to leave (src/scripts/criu_locks.sh).
 */
int runtime_note_locks(const struct runtime *rt, struct err *err);
/*
 * Removes the rules by which CRIU locked connections, then the work directory, and the images too
 * where `images` is set.
 */
int runtime_clean(const struct runtime *rt, bool images, struct err *err);
/* The same but for the memory that was received there: a restore may be tried anew. */
int runtime_clean_but_pages(const struct runtime *rt, struct err *err);

/* Copies the logs of runc and CRIU into a directory, on the shared directory, before they are
 * removed. */
int runtime_keep_logs(const struct runtime *rt, const char *directory, struct err *err);
/* From now on the images are those of no finished dump: the container has gone on since. */
int runtime_void_images(const struct runtime *rt, struct err *err);

/* Pauses the container. freezer: freezer_find(), or NULL: then runc does it, which costs its
 * start. */
int runtime_freeze_start(const struct runtime *rt, const char *freezer, struct job *job,
			 struct err *err);
/*
 * Before anything lets a frozen container go on: leaves word of that in its work directory, for
 * runtime_went_on(). *ret is false for one that has ended, or will as soon as it is thawed: its
 * images are the way back.
 */
int runtime_note_going_on(const struct runtime *rt, bool *ret, struct err *err);
/* Whether that word is there: the images are older than what the container did last. */
bool runtime_went_on(const struct runtime *rt);
/* Thaws its cgroup and asks for nothing else: who is held by CRIU stays held. freezer as above;
 * NULL: nothing is done. */
int runtime_loosen(const struct runtime *rt, const char *freezer, struct err *err);
/* Lets a paused container go on; fails unless it runs afterwards. */
int runtime_thaw(const struct runtime *rt, struct err *err);

/*
 * Starts a pass of pre-copy (src/scripts/pass.sh); its output is the bytes written, 0 where they go
 * to page_server (not NULL). No deadline.
 */
int runtime_pass_start(const struct runtime *rt, unsigned number, const char *page_server,
		       struct job *job, struct err *err);
/* Of a destination, once such a pass is done: reads it into its memory. Failing harms nothing. */
int runtime_readahead_start(const struct runtime *rt, unsigned number, int timeout_ms,
			    struct job *job, struct err *err);
/*
 * Starts `runc checkpoint`. With a gate it parks before CRIU looks at the container, which may
 * still run then, until runtime_dump_go(); without one it dumps at once. No deadline: it waits at
 * the gate as long as it takes.
 */
int runtime_dump_start(const struct runtime *rt, const struct runtime_options *o, struct job *job,
		       struct err *err);
/* Starts what ends when the dump is parked. */
int runtime_parked_start(const struct runtime *rt, struct job *job, struct err *err);
/* The container is paused: the parked dump goes on. One process, for the container is frozen. */
int runtime_dump_go(const struct runtime *rt, struct err *err);
/*
 * Starts what looks after CRIU while it seizes the processes (src/scripts/seize.sh). It fails, with
 * the name of a process, where that did not come to pass within a second or a little more: CRIU has
 * been killed then before it had done anything, and the cgroup is thawed.
 */
int runtime_seize_start(const struct runtime *rt, const char *freezer, struct job *job,
			struct err *err);
/* Starts what ends when the gate is reached: images complete, source frozen and alive. Its output
 * ends in their number where the source was prepared as "sender". */
int runtime_at_gate_start(const struct runtime *rt, int timeout_ms, struct job *job,
			  struct err *err);
/* Starts what ends when the page server is ready, behind the gate of a dump with lazy_pages. */
int runtime_served_start(const struct runtime *rt, int timeout_ms, struct job *job,
			 struct err *err);
/*
 * "open": CRIU ends the source's processes. "close": they go on, and a dump that is
 * parked fails without having touched them. The first of the two stands. "kill", after "close": a
 * dump that hangs before it has begun with them is killed; fails where it has begun. "again", after
 * the end of a dump that was closed: another may be parked.
 */
int runtime_verdict(const struct runtime *rt, const char *word, struct err *err);

/* Waits until no process of a dump that another cmigrate had started is left on the source. */
int runtime_await_dump(const struct runtime *rt, int timeout_ms, struct err *err);

/*
 * Starts `runc restore`. parked: before there are images; runc and criu start, and criu waits as
 * it opens its configuration for runtime_restore_go(). runtime_park_start() beside it is done when
 * that is so; a restore that ends before did not park, and is to be erased and started anew when
 * the images are there. Only where runtime_parks(), and when the dump is parked.
 * runtime_erase() ends both.
 */
int runtime_restore_start(const struct runtime *rt, const struct runtime_options *o, bool parked,
			  int timeout_ms, struct job *job, struct err *err);
int runtime_park_start(const struct runtime *rt, struct job *job, struct err *err);
/*
 * The images are complete: the parked restore goes on. One process, for the container is frozen;
 * it fails where criu isn't there yet, or no more: runtime_park_start() once more waits for it.
 */
int runtime_restore_go(const struct runtime *rt, struct err *err);
/* Starts what keeps the destination ready for processes that enter cgroups, from now until the
 * restore has begun (src/scripts/warm.sh). Its failing matters to nobody. */
int runtime_warm_start(const struct runtime *rt, struct job *job, struct err *err);
/* Removes the log of a restore that did not park: whoever watches it would take it for the next. */
int runtime_forget_restore(const struct runtime *rt, struct err *err);
/*
 * Starts what looks at the log of a restore beside it (src/scripts/watch.sh). It is done when the
 * restore has failed, long before runc says so, or when the work directory is gone.
 */
int runtime_watch_start(const struct runtime *rt, struct job *job, struct err *err);
/* Removes a copy with everything a restore left; fails unless nothing of it runs any more. */
int runtime_erase(const struct runtime *rt, struct err *err);

/* "gate" while a dump or a restore of this move is under way there, else
 * "running", "paused", "stopped", "created", or "" where runc knows no such container. Owned by the
 * caller. */
int runtime_status(const struct runtime *rt, char **ret_status, struct err *err);

/* Fails where the kernel has killed a process of the container for want of memory, or that can't be
 * seen. */
int runtime_is_whole(const struct runtime *rt, struct err *err);

/* Whether runc has no such container any more, or a stopped one; false where it can't be asked. */
bool runtime_has_ended(const struct runtime *rt, struct err *err);
/*
 * Why runc failed, from its output and CRIU's log ("dump.log" or "restore.log") in the work
 * directory: the first real error lines, with the remedy where the cause is known. Puts it into
 * *err with the host named; code is kept. What the job itself said is used where no log says more.
 */
void runtime_diagnose(const struct runtime *rt, const char *log, struct err *err);
/* The same as a pure function of CRIU's log and runc's output; owned by the caller, "" where
 * nothing is found. */
char *runtime_log_cause(const char *criu_log, const char *runc_output);

#endif
