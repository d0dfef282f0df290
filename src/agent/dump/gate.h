/* SPDX-License-Identifier: MIT */
/*
 * gate: where CRIU waits for a verdict, and the files in RUN (paths.h) by which it is given.
 *
 * CRIU executes the gate (`action-script`) twice. First before it looks at the container: CRIU
 * waits there, started and ready, so that neither its start nor runc's falls into the freeze. Then
 * when the images are complete: CRIU ends the source's processes only if the gate returns 0. The
 * gate waits without a limit and depends on no agent: its verdict is a link in the file system, and
 * a fifo only wakes it. So a verdict that is given early is found too, and no death of a process is
 * one.
 *
 * In a rehearsal CRIU executes it on the destination too, when everything is restored and no
 * process has run yet. There it always says no, and CRIU takes everything back.
 */
#ifndef CMIGRATE_AGENT_GATE_H
#define CMIGRATE_AGENT_GATE_H

/* Fifos. In the first three the gate, or the page server's hook, says that it is there. */
#define GATE_PARKED "parked"
#define GATE_REACHED "reached"
#define GATE_SERVED "served"
#define GATE_VERDICT "verdict"
/* The verdict is a link of this name to one of the two files after it. link(2) does not replace:
 * two controllers can't say different things. And it needs no room: on a /run that is full nothing
 * could be written that says which. */
#define GATE_WORD "word"
#define GATE_SAY_OPEN "say-open"
#define GATE_SAY_CLOSE "say-close"
/* They exist once a dump has got there, or has begun with the container. */
#define GATE_AT_PARKED "at-parked"
#define GATE_AT_REACHED "at-reached"
#define GATE_BEGAN "began"
/* Exists if the gate is to say how many images there are. */
#define GATE_COUNTS "counts"
/* Exists if the container has a network namespace that is made anew by a restore. runc has CRIU
 * leave it empty: without an address, its loopback down. The gate sets that up before CRIU restores
 * the first socket. */
#define GATE_OWN_NETWORK "own-network"
/* Exists during a pass of pre-copy, whose criu may be inside of the processes. */
#define IN_PASS "in-pass"
/* Exists if the container has gone on since its images were made. */
#define WENT_ON "went-on"

/* Exists on the destination of a rehearsal, where nothing is to run. */
#define GATE_REHEARSES "rehearses"
/* Exists once the restore of a rehearsal had nothing left to do but to let the processes run. */
#define GATE_RESTORED "restored"

/* A symbolic link to the agent's executable, which is the gate if it is executed by this name: RUN
 * may be on a file system that nothing may be executed from, and CRIU's configuration file has no
 * room for arguments. */
#define GATE_LINK "gate"

/* CRIU executes this as a process of its own. link: the path it used. Returns the exit status.
 */
int gate_main(const char *link);

#endif
