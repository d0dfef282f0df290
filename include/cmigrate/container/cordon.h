/* SPDX-License-Identifier: MIT */
/*
 * cordon: the mark of a host that nothing is to be moved to, and the containers that left it
 * meanwhile. It is the file cordon-HOST in the bundle root's state directory (state_dir.h): a line
 * for the mark, then a line for each container. A host is known by its name in the configuration,
 * which is the same for all controllers of a bundle root.
 */
#ifndef CMIGRATE_CORDON_H
#define CMIGRATE_CORDON_H

#include <stdbool.h>
#include <stddef.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/str.h"
#include "cmigrate/container/state_dir.h"
#include "cmigrate/host/facts.h"

/* Bytes of a reason. */
#define CORDON_REASON_MAX 400

/* How a container left. */
#define LEFT_MOVED "moved"
#define LEFT_CHECKPOINTED "checkpointed" /* into its bundle */
#define LEFT_STOPPED "stopped"

struct cordon_left {
	char *container, *how;
	char *to; /* NULL unless moved */
};

struct cordon {
	char *host;   /* NULL: there is no mark */
	char *by;     /* "root@rhel01"; NULL: the mark is damaged */
	char *since;  /* "2026-11-30T22:15:00Z"; likewise */
	char *reason; /* NULL: none given */
	bool open;    /* containers may be moved there again: what left is being returned */
	struct cordon_left *left;
	size_t n_left;
};
#define CLEANUP_CORDON __attribute__((cleanup(cordon_clear)))
void cordon_clear(struct cordon *cordon);

/* Reads the file's text, or its first line alone. Damaged lines are left out; a host whose mark is
 * damaged is cordoned all the same. */
void cordon_parse(const char *host, const char *text, size_t len, struct cordon *ret);
/* Adds the text of the file. */
void cordon_text(const struct cordon *cordon, struct buf *out);
/* Notes how a container left; it replaces what was noted of it before. to: NULL unless moved. */
void cordon_left_put(struct cordon *cordon, const char *container, const char *how, const char *to);
void cordon_left_drop(struct cordon *cordon, const char *container);
/* "rhel02 is cordoned since 2026-11-30T22:15:00Z by root@rhel01: new memory". Owned by the caller.
 */
char *cordon_sentence(const struct cordon *cordon);

/* Reads the mark of a host; ret->host is NULL if there is none. */
int cordon_load(const struct state_dir *root, const char *host, struct cordon *ret,
		struct err *err);
/*
 * Reads, changes and replaces it under the bundle root's lock, so that no other controller's change
 * is lost. change() gets an empty one with host NULL if there is none; the file is removed if host
 * is NULL afterwards. Waits some seconds for another holder of the lock; then EXIT_BUSY.
 */
int cordon_change(const struct state_dir *root, const char *host,
		  void (*change)(struct cordon *cordon, void *ctx), void *ctx, struct err *err);

/* The marks that a host reports (`cordon` of list and facts): all that the shared directory has. */
struct cordons {
	struct cordon *rows;
	size_t n;
};
#define CLEANUP_CORDONS __attribute__((cleanup(cordons_clear)))
/* Adds those that are not there yet, without the containers that left. */
void cordons_add(struct cordons *cordons, const struct facts *facts);
/* The mark of a host ("user@host": of "host" too) that keeps containers away, or NULL. */
const struct cordon *cordons_find(const struct cordons *cordons, const char *host);
void cordons_clear(struct cordons *cordons);

#endif
