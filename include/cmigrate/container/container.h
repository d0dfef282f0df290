/* SPDX-License-Identifier: MIT */
/*
 * container: one container as a host reports it (src/agent/container/list.c, state.c). A host's
 * facts are believed, but not their form: types are checked, texts bounded and masked.
 */
#ifndef CMIGRATE_CONTAINER_H
#define CMIGRATE_CONTAINER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/place_rule.h"
#include "cmigrate/host/facts.h"

/* Longer texts of a host are left out; no real name, path or annotation is longer. */
#define CONTAINER_TEXT_MAX 4096

struct container {
	char *name;
	char *host;
	char *state;	 /* from runc: "created", "running", "paused", "stopped"; or "unknown" */
	char *bundle;	 /* "" if not reported, like the texts below */
	char *addresses; /* the annotation, as given */
	char *endpoints; /* the annotation, as given */
	char *created;	 /* RFC 3339 */
	int64_t age;	 /* seconds by the host's own clock; -1: not known */
	int64_t memory;	 /* bytes that are not in any file; -1: not known */
	int64_t work;	 /* used processor time in ticks; -1: not asked, or not known */
	bool pinned;	 /* its config.json pins it to its host; false if not asked */
	struct place_rule rule; /* of its config.json, as pinned */
	bool in_move; /* its bundle has the journal of a move, running or waiting for recover */
	unsigned processes;
	unsigned pid; /* 0: not running */
};

struct containers {
	struct container *rows;
	size_t n;
};
#define CLEANUP_CONTAINERS __attribute__((cleanup(containers_clear)))

/* Limit in bytes for the output of "list". */
#define LIST_LIMIT (4 * 1024 * 1024)

/* Memory of all containers of a host in bytes; host NULL: all hosts. Unknown memory counts as 0. */
uint64_t containers_memory(const struct containers *list, const char *host);
/* Adds the output of "list" on a host. EXIT_FAILED: it is no list, and nothing is added. */
int containers_add(struct containers *list, const char *host, const struct facts *facts,
		   struct err *err);
/* Sorts by name, then host. */
void containers_sort(struct containers *list);
void containers_clear(struct containers *list);

/* Reads one container from runc's JSON, which has neither memory nor age. */
int container_read(struct container *c, const char *host, const json_t *object, struct err *err);
void container_clear(struct container *c);
#define CLEANUP_CONTAINER __attribute__((cleanup(container_clear)))
/* Whether its processes exist. If so, no second copy may be started, whatever its state. */
bool container_lives(const struct container *c);
/* Whether both are one copy on a host that was asked under two names: its own and the
 * configuration's. */
bool container_is_same(const struct container *a, const struct container *b);

/* The addresses without prefix and device, "10.0.0.7,fd00::7". Owned by the caller. */
char *container_ips(const struct container *c);
/* The endpoints, separated by commas. Owned by the caller. */
char *container_urls(const struct container *c);
/* Writes "34s", "12m", "5h12m", "3d4h" into text[24]; "-" if not known. */
void container_age(char text[24], int64_t seconds);
/* Seconds since 1970 of "2024-05-06T07:08:09.123Z" or "...+02:00"; -1 if it is no such time. */
int64_t container_time(const char *rfc3339);

#endif
