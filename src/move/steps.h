/* SPDX-License-Identifier: MIT */
/*
 * steps: what the rows of the step tables do. Each pair works on a struct move; engine.h says what
 * is expected of run and undo. Files: step_*.c, and way_back.c for what undoes the freeze and the
 * dump.
 */
#ifndef CMIGRATE_STEPS_H
#define CMIGRATE_STEPS_H

#include "cmigrate/move/engine.h"

/* prepare: work directories, images directory, gate; connections opened; the probe ready. */
int step_prepare(struct move *move, struct err *err);
enum undo_result undo_prepare(struct move *move, struct err *err);

/* The same in two halves: runc and criu are started, and parked, by the second. */
int step_prepare_hosts(struct move *move, struct err *err);
int step_park(struct move *move, struct err *err);

/* -1 if a freeze that is predicted to take so long is to be undone before it begins. */
int bound_allows(struct move *move, double predicted_ms, struct err *err);
/* pre-copy: memory is written while the container runs, until the rest fits the budget. */
int step_pre_copy(struct move *move, struct err *err);
/* It has its processor time again. */
enum undo_result undo_pre_copy(struct move *move, struct err *err);
/* throttle: begin: looks how much processor time it uses. more: halves that, with the old quota in
 * the journal; *ret is false if nothing is left to be halved. end: puts the old quota back. */
int throttle_begin(struct move *move, struct err *err);
int throttle_again(struct move *move, bool *ret, struct err *err);
int throttle_end(struct move *move, struct err *err);

/* Copies the logs if the move keeps them, before the work directories are removed. */
void keep_logs(struct move *move);
/* The same on the destination alone, for a restore from images. */
int step_prepare_destination(struct move *move, struct err *err);
enum undo_result undo_prepare_destination(struct move *move, struct err *err);

/* hold: from now on the destination keeps packets for the service address back. */
int step_hold(struct move *move, struct err *err);
enum undo_result undo_hold(struct move *move, struct err *err);

/* address: the service address is on the destination, which answers nothing for it yet. */
int step_address(struct move *move, struct err *err);
enum undo_result undo_address(struct move *move, struct err *err);

/*
 * settle: new connections are sent on to the destination's queue, those being made are finished on
 * the source. If the source can't send packets on, the address is announced from the destination
 * and taken off the source before the freeze.
 */
int step_settle(struct move *move, struct err *err);
enum undo_result undo_settle(struct move *move, struct err *err);

/* Parks another dump, after one that could not seize the processes has ended and was undone. */
int park_dump_again(struct move *move, struct err *err);
/* Ends a restore on the destination that is parked or has failed, with all that it has left. */
int end_parked_restore(struct move *move, struct err *err);
/* Before the freeze: waits until the destination's restore, which step_park() has started, is
 * parked; runc and criu start there beside the steps in between. One that doesn't park (another
 * runc) is started once the images are there. */
int await_parked_restore(struct move *move, struct err *err);

/* Whether runc says that the source has no container any more; sets move->progress.ended. */
bool source_has_ended(struct move *move);

/* freeze: the container is paused, all its packets are sent on. */
int step_freeze(struct move *move, struct err *err);
enum undo_result undo_freeze(struct move *move, struct err *err);

/* dump: CRIU writes the images and waits at its gate; beside it the address leaves the source. */
int step_dump(struct move *move, struct err *err);
enum undo_result undo_dump(struct move *move, struct err *err);
/* Closes the gate, thaws the cgroup and notes that the container goes on. Waits for nothing. */
int close_gate(struct move *move, struct err *err);
/* Waits until runc has ended too, after step_restore() that returned because the processes run. -1
 * if it failed. A host that is lost meanwhile is no failure: the endpoint's answer decides then. */
int restore_end(struct move *move, struct err *err);
/* -1 if the dump has ended, so that CRIU is not at its gate any more. Asks no host. */
int gate_holds(struct move *move, struct err *err);
/* Says in *err, from CRIU's log, why a dump has ended too early or not at all. Returns -1. */
int dump_failure(struct move *move, struct err *err);
/* Waits until no process of the dump is left: by its job or, after a crash, on the host. */
int wait_for_dump_end(struct move *move, struct err *err);
/* end first: the destination sees the images as the source wrote them, and the source's copy ends.
 * Its undo is that of the dump. */
int step_end_first(struct move *move, struct err *err);
/* The same without a gate: the source's copy is gone afterwards; undo restores it there. */
int step_dump_ungated(struct move *move, struct err *err);
enum undo_result undo_dump_ungated(struct move *move, struct err *err);

/* restore: the container runs on the destination. */
int step_restore(struct move *move, struct err *err);
enum undo_result undo_restore(struct move *move, struct err *err);

/* release: the packets that were kept back are delivered. */
int step_release(struct move *move, struct err *err);

/* answer: every endpoint has answered, or its silence is accepted. */
int step_answer(struct move *move, struct err *err);

/*
 * Before a step that could end the other copy: -1 unless the restored one is known to run and to be
 * whole. has_answered: its endpoint has answered, which is enough if the host can't be asked.
 */
int copy_runs(struct move *move, bool has_answered, struct err *err);

/* commit: the restored copy runs and is whole, which is written down; after it there is no way
 * back. */
int step_commit(struct move *move, struct err *err);
/* return: the same, but nothing is written: a recovery that finds the container on the source
 * undoes what is left. */
int step_return(struct move *move, struct err *err);

/* open gate: CRIU ends the source's processes. */
int step_open_gate(struct move *move, struct err *err);

/* tidy: removes all of a lost container on both hosts, runc's state included. */
int step_tidy(struct move *move, struct err *err);

/*
 * Post-copy. prepare and clean: the page server is for the destination alone. serve: the gate is
 * closed, CRIU serves pages, the destination is ready to fetch them. drain: all have been fetched.
 * end source: the source's processes, frozen still, are ended without a word to their clients.
 */
int step_prepare_pages(struct move *move, struct err *err);
int step_prepare_hosts_pages(struct move *move, struct err *err);
/* The part of it that pre-copy lacks. */
int prepare_pages(struct move *move, struct err *err);
/* Makes a move with pre-copy one with hybrid, between two of its passes. If it can't be one,
 * *ret_became is false, and nothing has changed. */
int become_hybrid(struct move *move, bool *ret_became, struct err *err);
enum undo_result undo_prepare_pages(struct move *move, struct err *err);
enum undo_result undo_dump_pages(struct move *move, struct err *err);
int step_serve(struct move *move, struct err *err);
enum undo_result undo_serve(struct move *move, struct err *err);
int step_drain(struct move *move, struct err *err);
/* The destination's program for pages goes on, and a restore may connect to it. */
int pages_ready(struct move *move, struct err *err);
int step_end_source(struct move *move, struct err *err);
int step_clean_pages(struct move *move, struct err *err);

/*
 * A lazy restore (plan.lazy): the restored container runs before its memory is there, and this
 * comes from the images on the destination. prepare: what serves it waits beside the rest. serve:
 * it has the images and is ready. restore: if that fails, all memory is restored from the same
 * images. drain: all of it is there; the source stays at its gate until then.
 */
int step_prepare_lazy(struct move *move, struct err *err);
int step_serve_images(struct move *move, struct err *err);
int step_restore_lazy(struct move *move, struct err *err);
int step_drain_images(struct move *move, struct err *err);
/* Ends what serves pages from the images, if the move has it. */
int lazy_close(struct move *move, struct err *err);

/*
 * For the steps above, if memory goes straight to the destination (direct_transport.h); else each
 * does nothing. admit: only the source reaches the page server. receive: it listens, for a pass or
 * the dump (DIRECT_DUMP). received: all of that has arrived; *ret_bytes is set only then. broke:
 * whether a dump failed because of the page server, with the cause in *err. before_restore: puts
 * all images in one place, n as in direct_transport_gather(); images: all of the dump. cut: cuts
 * the connection of a dump that has to end. close: removes the page server and its rule.
 */
int direct_admit(struct move *move, struct err *err);
/* page_server_admit() on that side; a port that had to change is in the journal then. */
int admit_pages(struct move *move, const struct side *server, struct err *err);
int direct_receive(struct move *move, unsigned pass, struct err *err);
int direct_received(struct move *move, uint64_t *ret_bytes, struct err *err);
bool direct_broke(struct move *move, struct err *err);
int direct_before_restore(struct move *move, int n, struct err *err);
int direct_images(struct move *move, struct err *err);
/* Limits the memory that goes straight between the hosts to plan.bandwidth, if that is set, anew if
 * it is limited already; ends that. */
void pace_start(struct move *move);
void pace_end(struct move *move);
void direct_cut(struct move *move);
int direct_close(struct move *move, struct err *err);

/*
 * A rehearsal. prepare: only the dump is parked. go on: the container runs on the source again.
 * try: the destination restores it up to the point from where it would run. clean: nothing of it is
 * left.
 */
int step_prepare_rehearsal(struct move *move, struct err *err);
int step_go_on(struct move *move, struct err *err);
int step_try(struct move *move, struct err *err);
enum undo_result undo_try(struct move *move, struct err *err);
int step_clean_rehearsal(struct move *move, struct err *err);

/* sync: the images are on disk; of a checkpoint. */
int step_sync(struct move *move, struct err *err);

/* keep: the images of a generation are on disk, and it is listed from then on. prune: none older
 * than those to be kept is left; that it failed is only told. */
int step_keep(struct move *move, struct err *err);
int step_prune(struct move *move, struct err *err);

/* leave: the source without the service address and the work directory; the images stay. */
int step_leave(struct move *move, struct err *err);

/* clean: both hosts as they were found. */
int step_clean(struct move *move, struct err *err);

#endif
