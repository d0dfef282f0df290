/* SPDX-License-Identifier: MIT */
/* move_part: what the files that build a move (move*.c, survey.c) share; nobody else's. */
#ifndef CMIGRATE_MOVE_PART_H
#define CMIGRATE_MOVE_PART_H

#include "cmigrate/move/move.h"

/* Nothing has been changed yet: a host that can't be reached makes the move refused. Returns -1. */
int move_refusal(struct err *err);
/* Fills run, images, marks and tag from id and bundle. */
void move_name_things(struct move *move);
/* A move as far as it is known without asking: id, bundle, names of things. EXIT_USAGE: an option.
 */
int move_begin(struct move *move, const struct config *config, const struct move_opts *opts,
	       const char *name, const struct events *events, struct err *err);
/* In this order: config.json; options and annotations; the lock; what one or both hosts say. */
int move_read_bundle(struct move *move, struct err *err);
int move_resolve_options(struct move *move, const struct config *config,
			 const struct move_opts *opts, struct err *err);
int move_resolve_strategy(struct move *move, const struct config *config,
			  const struct move_opts *opts, struct err *err);
/* look_only: for checks; keeps no move waiting, but says so where one is under way or waits. */
int move_take_lock(struct move *move, bool look_only, struct err *err);
int move_gather_facts(struct move *move, const struct config *config, struct err *err);
/* Starts the question for the facts of one host; role: "source" or "destination". */
int move_ask(struct move *move, struct host *host, const char *role, struct job *job,
	     struct err *err);
/* Whether the endpoints answer before the move, as they must behind it: into
 * move->progress.endpoint_silence. For a second at most; meant for the time in which the facts are
 * on their way. */
void move_ask_endpoints(struct move *move);
/* Every check, on the facts of both hosts, into move->checks (empty before); -1 with the verdict.
 */
int move_check(struct move *move, const struct config *config, const struct move_opts *opts,
	       struct err *err);
void move_resolve_versions(struct move *move);
/* How long a dump or a restore of so many bytes may take. */
void move_set_dump_timeout(struct move *move, uint64_t bytes);
/* "auto" becomes what suits the container and the hosts, and what they can't do what they can. */
void move_settle_strategy(struct move *move);
/* --transport; then, behind the strategy, whether the hosts can do it: else "shared", with a note.
 */
int move_resolve_transport(struct move *move, const struct config *config,
			   const struct move_opts *opts, struct err *err);
void move_settle_transport(struct move *move);
/* Names the page server: its host's address, the other's, and the port that it tries first. */
void move_name_page_server(struct move *move, const char *server, const char *client);
/* Fills side->own_ips for the first n of its addresses, from its facts. */
void move_find_own_ips(struct side *side, size_t n);
/* The proof of the shared directory has been seen. */
void move_remove_proof(struct move *move);

/* The host of that name: connected to where it was asked for the container, with the move's mark.
 * The caller's; NULL where it is none. */
struct host *move_host(struct move *move, const struct config *config, const char *name,
		       struct err *err);
/* Both hosts by name, and the store on the one that this machine is, else on
 * the source. */
int move_connect(struct move *move, const struct config *config, struct err *err);

#endif
