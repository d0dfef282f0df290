/* SPDX-License-Identifier: MIT */
/* strategy: the names of the strategies and transports of a move, whether memory is encrypted on
 * its way, and what a slow move does. */
#ifndef CMIGRATE_BASE_STRATEGY_H
#define CMIGRATE_BASE_STRATEGY_H

#include <stdbool.h>

enum strategy_id {
	STRATEGY_AUTO, /* until the facts of both hosts are known */
	STRATEGY_COLD,
	STRATEGY_PRE_COPY,
	STRATEGY_POST_COPY,
	STRATEGY_HYBRID,
	/* No whole move; --strategy doesn't accept them. */
	STRATEGY_CHECKPOINT,
	STRATEGY_RESTORE,
	STRATEGY_REHEARSAL,
};

/* How memory travels: through the shared directory, or straight to the destination. */
enum transport { TRANSPORT_SHARED, TRANSPORT_DIRECT };

/* Whether others on the network may see the memory. */
enum encrypt {
	ENCRYPT_REQUIRED,    /* it never crosses the network in the clear */
	ENCRYPT_IF_POSSIBLE, /* nor where it goes straight; the shared directory is as it is */
	ENCRYPT_OFF,	     /* it goes straight in the clear */
};

/* The choices of a move whose freeze would be longer than --max-downtime. */
enum if_slow {
	IF_SLOW_GO,	   /* it goes on: the time only chooses the strategy */
	IF_SLOW_ABORT,	   /* the container stays, or goes on, where it is */
	IF_SLOW_POST_COPY, /* its memory follows */
};

/* The words that --strategy, --transport, --encrypt and --if-slow accept, ending in NULL. */
extern const char *const strategy_words[];
extern const char *const transport_words[];
extern const char *const encrypt_words[];
extern const char *const if_slow_words[];

/* A constant: "pre-copy". */
const char *strategy_name(enum strategy_id id);
/* False, with *ret untouched, if no strategy has that name. */
bool strategy_parse(const char *name, enum strategy_id *ret);
/* Pre-copy (and hybrid) sends memory ahead in passes; post-copy (and hybrid) sends it after the
 * container. */
bool strategy_is_pre_copy(enum strategy_id id);
bool strategy_is_post_copy(enum strategy_id id);

/* A constant: "direct". */
const char *transport_name(enum transport transport);
/* False, with *ret untouched, if no transport has that name. */
bool transport_parse(const char *name, enum transport *ret);

/* False, with *ret untouched, if that is no word of --encrypt. */
bool encrypt_parse(const char *word, enum encrypt *ret);
/* False, with *ret untouched, if that is no word of --if-slow. */
bool if_slow_parse(const char *word, enum if_slow *ret);

#endif
