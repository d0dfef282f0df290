/* SPDX-License-Identifier: MIT */
/* move_part: functions that the files which build a move share. Nobody else uses them. */
#ifndef CMIGRATE_MOVE_PART_H
#define CMIGRATE_MOVE_PART_H

#include "cmigrate/move/move.h"

/* Nothing has been changed yet: a host that can't be reached makes the move refused. Returns -1. */
int move_refusal(struct err *err);
/* Sets the directories, marks and tag from id and bundle. */
void move_name_things(struct move *move);
/* Sets all that is known without asking a host: id, bundle, names. EXIT_USAGE: a wrong option. */
int move_begin(struct move *move, const struct config *config, const struct move_opts *opts,
	       const char *name, const struct events *events, struct err *err);
/* In this order: config.json; options and annotations; the lock; what one or both hosts say. */
int move_read_bundle(struct move *move, struct err *err);
int move_resolve_options(struct move *move, const struct config *config,
			 const struct move_opts *opts, struct err *err);
int move_resolve_strategy(struct move *move, const struct config *config,
			  const struct move_opts *opts, struct err *err);
/* look_only, for checks: takes the lock only if there is a journal, to say why that waits. */
int move_take_lock(struct move *move, bool look_only, struct err *err);
int move_gather_facts(struct move *move, const struct config *config, struct err *err);
/* Finds the other members of the container's group, on all hosts and on their way, unless it has
 * none or the check is left out. look_only: doesn't take the group's lock, which a move has until
 * its journal is there. */
int move_find_members(struct move *move, const struct config *config, const struct move_opts *opts,
		      bool look_only, struct err *err);
/* Starts the question for the facts of one host; role: "source" or "destination". */
int move_ask(struct move *move, struct host *host, const char *role, struct job *job,
	     struct err *err);
/* Starts the question whether a destination has the files that the source's facts name. Without any
 * the job stays as it is. */
int move_ask_files(const struct move *move, struct host *host, struct job *job, struct err *err);
/* Asks the endpoints, which must answer after the move, whether they answer before it too. Sets
 * move->progress.endpoint_silence. It takes a second at most, while the hosts gather facts. */
void move_ask_endpoints(struct move *move);
/* Makes every check on the facts of both hosts, into move->checks (empty before), and notes the
 * warnings in the summary. -1: refused. */
int move_check(struct move *move, const struct config *config, const struct move_opts *opts,
	       struct err *err);
void move_resolve_versions(struct move *move);
/* How long a dump or a restore of so many bytes may take. */
void move_set_dump_timeout(struct move *move, uint64_t bytes);
/* Replaces "auto" by a strategy that suits the container, and a strategy that the hosts can't do.
 */
void move_settle_strategy(struct move *move);
/* Lets memory follow: names the page server, unless the hosts don't know their addresses, which
 * check 'pages' reports. */
void move_find_pages(struct move *move);
/* Sets what is to happen if the freeze would be too long. */
int move_resolve_if_slow(struct move *move, const struct config *config,
			 const struct move_opts *opts, struct err *err);
/* Reads its earlier moves, if what they took can change what happens. A failure is a note. */
void move_read_past(struct move *move);
/* After move_resolve_strategy() and the prediction: lets the memory follow if the freeze would be
 * too long otherwise, and that was asked for. */
void move_follow_if_slow(struct move *move);
/* Sets plan.expected_ms, once the strategy is settled. */
void move_expect_freeze(struct move *move);
/* Whether --bandwidth limits anything of it. */
bool pace_applies(const struct move *move);
/* Sets the transport that was asked for. move_settle_transport(), after the strategy is settled,
 * replaces one that the hosts can't do by "shared", with a note. */
int move_resolve_transport(struct move *move, const struct config *config,
			   const struct move_opts *opts, struct err *err);
void move_settle_transport(struct move *move);
/* After strategy and transport: whether the move restores lazily (plan.lazy). */
void move_settle_restore(struct move *move);
/* Whether a cold move of this container would. */
bool move_can_be_lazy(const struct move *move);
/* Names the page server: its host's address, the other's, and the port that it tries first. */
void move_name_page_server(struct move *move, const char *server, const char *client);
/* Fills side->own_ips for the first n of its addresses, from its facts. */
void move_find_own_ips(struct side *side, size_t n);
/* The addresses stay where they are, whatever happens. */
void move_leave_addresses(struct move *move);
/* Whether the source goes on after its dump, which changes nothing of it. */
bool move_leaves_source(const struct move *move);
/* A sum of the names and sizes of images, their number, and their bytes. */
struct measure {
	char sum[16];
	uint64_t files, bytes;
};
/* Measures images that are whole, as that side sees them. */
int move_measure_images(const struct side *side, struct measure *ret, struct err *err);
/* Chooses the images of a restore, and refuses those that can't be restored there. */
int move_choose_images(struct move *move, const struct move_opts *opts, struct err *err);
/* Removes the file by which the destination recognised the shared directory. */
void move_remove_proof(struct move *move);

/* The host of that name, with the move's mark; the caller's. It is connected to already if it was
 * asked for the container. NULL: not a host. */
struct host *move_host(struct move *move, const struct config *config, const char *name,
		       struct err *err);
/* Sets both hosts by their names, and the store: on this machine if it is one of them, else on the
 * source. */
int move_connect(struct move *move, const struct config *config, struct err *err);

#endif
