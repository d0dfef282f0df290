/* SPDX-License-Identifier: MIT */
/*
 * recover: settles an interrupted move. It asks both hosts what is true, decides, and goes on with
 * the same steps that the move would have run. It can itself be killed and repeated: it decides by
 * what the hosts say, and every step and undo can be done twice.
 */
#ifndef CMIGRATE_RECOVER_H
#define CMIGRATE_RECOVER_H

#include "cmigrate/move/move.h"

enum recovery {
	RECOVER_FORWARD, /* committed: run the steps after the commit point */
	RECOVER_COMMIT,	 /* the destination's copy runs: let it answer, then commit */
	RECOVER_BACK,	 /* the source has its copy, running or frozen, and the destination none */
	RECOVER_RESTORE, /* neither has one, the images are complete: restore them */
	RECOVER_LOST,	 /* neither has one, and no complete images: only tidying is left */
	RECOVER_DOUBT,	 /* a host can't be asked, or both run one */
};

/* Whether the images are complete; unknown if no host sees the shared directory. */
enum recover_images { IMAGES_NONE, IMAGES_COMPLETE, IMAGES_UNKNOWN };

/* The answers of the hosts. */
struct recover_facts {
	bool committed;
	bool source_known, destination_known; /* could be asked, or is fenced */
	/* of runtime_status() */
	const char *source_status, *destination_status;
	enum recover_images images;
};

/* Whether the source surely has its copy, running or frozen: there is something to go back to. */
bool recover_is_alive(const struct recover_facts *facts);
/* Whether the images are a way back: not if the container went on after the dump.
 * went_on: of runtime_went_on(). */
enum recover_images recover_way_back(int went_on, enum recover_images images);
/* The decision, a pure function. *ret_why (constant text) is the reason of RECOVER_DOUBT. */
enum recovery recover_decide(const struct recover_facts *facts, const char **ret_why);

/* The decision about a rehearsal, and a checkpoint whose container goes on: only the source's copy
 * counts. */
enum recovery recover_decide_rehearsal(const struct recover_facts *facts, const char **ret_why);

/*
 * The decision after a commit, if the operator would rather have the source's copy, though clients
 * have seen a newer state: RECOVER_BACK if that copy is frozen and the destination surely has none.
 */
enum recovery recover_decide_take_source(const struct recover_facts *facts, const char **ret_why);

/*
 * Settles a move that move_from_json() has made and whose lock the caller holds. committed: its
 * journal says so. Returns EXIT_DONE when it is settled either way (move->summary.outcome says
 * which: "moved", "undone", "silent"), EXIT_LOST with *err if it runs nowhere, which is settled
 * too, EXIT_FAILED if both hosts answer and neither can restore it (the images and the journal
 * stay), EXIT_IN_DOUBT otherwise.
 */
enum exit_code recover_move(struct move *move, bool committed, struct err *err);

#endif
