/* SPDX-License-Identifier: MIT */
/*
 * runtime: runc and CRIU on a host: freezing, dumping to CRIU's gate, restoring, and the errors in
 * their logs.
 *
 * Order on the source: runtime_prepare_start, runtime_at_gate_start, runtime_dump_start,
 * runtime_freeze_start, runtime_dump_go, then runtime_verdict and the end of the dump job. On the
 * destination: runtime_prepare_start, runtime_restore_start (parked, or after the dump).
 */
#ifndef CMIGRATE_RUNTIME_H
#define CMIGRATE_RUNTIME_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/container/bundle.h"
#include "cmigrate/host/host.h"

/* The directories and settings of one move on a host. Borrowed. */
struct runtime {
	struct host *host;
	const char *name;
	const char *bundle;
	const char *id;	    /* of the move */
	char images_of[32]; /* how requests name images: "move", "checkpoint", "at-ID", "new-ID" */
	const char *run;    /* work directory, on a tmpfs of the host */
	const char *images; /* on the shared directory */
	const char *pages;  /* images together with the memory for a restore (direct_transport.h);
			       NULL: images */
	bool gate;	    /* the criu there has a gate under runc (3.19) */
	bool locks;	    /* CRIU locks connections with rules of its own */
	const char *netns; /* for those rules: path of the container's network namespace, or NULL */
};

/* Options of runc and CRIU for a container, the same on both hosts. */
struct runtime_options {
	bool tcp_established; /* connections move along */
	bool tcp_close;	      /* connections are dumped, then closed by the restore */
	bool file_locks, ext_unix_sk, shell_job, link_remap;
	unsigned long long ghost_limit;
	unsigned runc;	 /* version of the runc there, VERSION() */
	unsigned criu;	 /* version of the criu there */
	bool lazy_pages; /* post-copy: memory stays on the source at first */
	/* On the source, the page server (its own or the receiving one); page_server NULL: none.
	 * Borrowed. */
	const char *page_server;
	unsigned page_port;
	unsigned parent_pass;	/* the last pass of pre-copy, on which the dump builds; 0: none */
	bool network_lock_skip; /* the hold and the forwarding keep packets away, so CRIU needn't */
	bool own_network;	/* its network namespace is made anew, with an empty loopback */
};

/* Begins a request for the agent about a container: its verb, and the fields "container", "id" and
 * "images" (src/agent/serve/verbs.c). */
void runtime_request(struct argv *a, const struct runtime *rt, const char *verb);

/*
 * Makes the work directory, CRIU's configuration file and, on the source, images directory and gate
 * (src/agent/dump/gate.h). role: "source", "ungated", "destination" or "rehearsal"; with direct
 * transport "sender" and "receiver".
 */
int runtime_prepare_start(const struct runtime *rt, const char *role,
			  const struct runtime_options *o, struct job *job, struct err *err);
/* Whether a restore may be parked on that destination; prepared: its prepare job, done. */
bool runtime_parks(const struct job *prepared);
/*
 * If CRIU locks connections: call it after the prepare job and before the first dump or restore. It
 * records rules that look like CRIU's already; runtime_clean() leaves those
 * (src/agent/network/criu_locks.c).
 */
int runtime_note_locks(const struct runtime *rt, struct err *err);
/*
 * Removes the rules with which CRIU locked connections, then the work directory, and the images too
 * if `images` is set.
 */
int runtime_clean(const struct runtime *rt, bool images, struct err *err);
/* As runtime_clean(), but keeps the memory received there, so that a restore can be tried again. */
int runtime_clean_but_pages(const struct runtime *rt, struct err *err);

/* Copies the logs of runc and CRIU to BUNDLE/.cmigrate/logs-ID on the shared directory before they
 * are removed. */
int runtime_keep_logs(const struct runtime *rt, struct err *err);
/*
 * Starts a job that looks at the images of a dump, as that host sees them. Its status is 0 if they
 * are whole: then a host that sees the same ones says the same. 1 if they certainly are not whole,
 * another one if that can't be seen. direct: the memory must be on that host itself.
 */
int runtime_images_start(const struct runtime *rt, bool direct, struct job *job, struct err *err);
/* Marks the images as incomplete, because the container has gone on since. */
int runtime_void_images(const struct runtime *rt, struct err *err);

/* Pauses the container. */
int runtime_freeze_start(const struct runtime *rt, struct job *job, struct err *err);
/*
 * Call it before a frozen container goes on. It leaves a file in its work directory for
 * runtime_went_on(). *ret is false if the container has ended, or will end as soon as it is thawed:
 * only its images can bring it back.
 */
int runtime_note_going_on(const struct runtime *rt, bool *ret, struct err *err);
/* Whether that file exists: the container has run since the images were made. 1; 0: no, or its host
 * is fenced; -1: the host could not be asked. */
int runtime_went_on(const struct runtime *rt);
/* Thaws its cgroup and checks nothing; processes held by CRIU stay held. Fine if it is gone. */
int runtime_loosen(const struct runtime *rt, struct err *err);
/* Resumes a paused container; fails unless it runs afterwards. */
int runtime_thaw(const struct runtime *rt, struct err *err);

/*
 * Starts a pass of pre-copy. Its output is the bytes written, 0 if they go to a page server: that
 * of the options, if to_server is set. No deadline, and nothing ends it early.
 */
int runtime_pass_start(const struct runtime *rt, unsigned number, const struct runtime_options *o,
		       bool to_server, struct job *job, struct err *err);
/* On a destination, after such a pass: reads it into the page cache. A failure does no harm. */
int runtime_readahead_start(const struct runtime *rt, unsigned number, int timeout_ms,
			    struct job *job, struct err *err);
/*
 * Starts `runc checkpoint`. With a gate it parks before CRIU looks at the container, which may
 * still run then, and waits for runtime_dump_go(); without one it dumps at once. No deadline: it
 * waits at the gate for any time.
 */
int runtime_dump_start(const struct runtime *rt, const struct runtime_options *o, struct job *job,
		       struct err *err);
/* Starts a job that ends when the dump is parked. */
int runtime_parked_start(const struct runtime *rt, struct job *job, struct err *err);
/* Lets the parked dump go on, once the container is paused. Fails if none is parked. */
int runtime_dump_go(const struct runtime *rt, struct err *err);
/*
 * Starts a job that waits for the word to go on, once the dump is parked, and then watches CRIU
 * while it seizes the processes (src/agent/dump/seize.c). If CRIU can't within a second or a little
 * more, the job fails with the name of a process; CRIU was then killed before it had changed
 * anything, and the cgroup is thawed.
 */
int runtime_seize_start(const struct runtime *rt, int timeout_ms, struct job *job, struct err *err);
/* Starts a job that ends when the gate is reached: images complete, source frozen and alive. If the
 * source was prepared as "sender", its output ends with the number of images. */
int runtime_at_gate_start(const struct runtime *rt, int timeout_ms, struct job *job,
			  struct err *err);
/* Starts a job that ends when the page server is ready, after the gate of a dump with
 * lazy_pages. */
int runtime_served_start(const struct runtime *rt, int timeout_ms, struct job *job,
			 struct err *err);
/*
 * Answers the gate. "open": CRIU ends the source's processes. "close": they go on, and a parked
 * dump fails without having touched them. The first of these two wins. "kill", after "close": kills
 * a dump that hangs before it has touched the processes; fails if it has. "again", after the end of
 * a closed dump: another one may be parked.
 */
int runtime_verdict(const struct runtime *rt, const char *word, struct err *err);

/* After "close", for a dump that writes the memory: lets that fail at once, and waits until CRIU
 * has ended, if there is one. -1: it goes on. */
int runtime_break_off(const struct runtime *rt, struct err *err);

/* Waits until the host has no process left of a "dump" or "restore" of this move, also of one that
 * another cmigrate had started. */
int runtime_await(const struct runtime *rt, const char *what, int timeout_ms, struct err *err);

/*
 * Starts `runc restore`. parked: before there are images. runc and criu start, and criu waits for
 * runtime_restore_go_start() as it opens its configuration. runtime_park_start() beside it is done
 * when criu waits. A restore that ends earlier did not park; erase it and start it again when the
 * images are there. Park only if runtime_parks() says so, after the dump is parked. runtime_erase()
 * ends both jobs.
 */
int runtime_restore_start(const struct runtime *rt, const struct runtime_options *o, bool parked,
			  int timeout_ms, struct job *job, struct err *err);
/* Starts a restore that ends before anything of it runs, on a host that was prepared for the role
 * "rehearsal", out of reach of network and files (src/agent/restore/scratch.h). */
int runtime_rehearse_start(const struct runtime *rt, const struct runtime_options *o,
			   const struct bundle *bundle, int timeout_ms, struct job *job,
			   struct err *err);
int runtime_park_start(const struct runtime *rt, struct job *job, struct err *err);
/* Starts a job that lets the parked restore go on, once the images are complete. It waits some
 * seconds for a criu that isn't there yet, and fails if none comes. */
int runtime_restore_go_start(const struct runtime *rt, struct job *job, struct err *err);
/* Starts a job that keeps the destination ready for processes that enter cgroups, from now until
 * the restore has begun (src/agent/restore/warm.c). Its failure doesn't matter. */
int runtime_warm_start(const struct runtime *rt, struct job *job, struct err *err);
/* Removes the log of a restore that did not park, so that it isn't mistaken for the next one's. */
int runtime_forget_restore(const struct runtime *rt, struct err *err);
/*
 * Starts a job that watches the log of a running restore (src/agent/restore/watch.c). It is done
 * when the restore has failed, long before runc reports that, or when the work directory is gone.
 */
int runtime_watch_start(const struct runtime *rt, struct job *job, struct err *err);
/* Removes a copy with everything that a restore left; fails unless nothing of it runs any more. */
int runtime_erase(const struct runtime *rt, struct err *err);
/* The first half of that: nothing of the copy runs any more. */
int runtime_end_copy(const struct runtime *rt, struct err *err);

/* "gate" while a dump or a restore of this move is under way there, else "running", "paused",
 * "stopped", "created", or "" if runc knows no such container. Owned by the caller. */
int runtime_status(const struct runtime *rt, char **ret_status, struct err *err);

/* Fails if the kernel has killed a process of the container for lack of memory, or if that is
 * unknown. */
int runtime_is_whole(const struct runtime *rt, struct err *err);

/* Whether runc has no such container any more, or a stopped one; false if the host can't be
 * asked. Waits so many seconds for its end. */
bool runtime_has_ended(const struct runtime *rt, unsigned seconds, struct err *err);
/*
 * Finds out why runc failed, from its output and CRIU's log ("dump", "restore" or "pages") in the
 * work directory. Puts the first real error lines into *err, with the host, and the remedy if the
 * cause is known; code is kept. If no log has an error, the job's own message is used.
 */
void runtime_diagnose(const struct runtime *rt, const char *kind, struct err *err);
/* As runtime_diagnose(), but a pure function of CRIU's log and runc's output; owned by the caller,
 * "" if nothing is found. */
char *runtime_log_cause(const char *criu_log, const char *runc_output);

#endif
