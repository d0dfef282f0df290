/* SPDX-License-Identifier: MIT */
/*
 * container: one container as a host reports it (src/scripts/list.sh, state.sh). Hosts are believed
 * in what they say of themselves, not in its form: types are checked, texts bounded and masked.
 */
#ifndef CMIGRATE_CONTAINER_H
#define CMIGRATE_CONTAINER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmigrate/base/err.h"
#include "cmigrate/host/facts.h"

/* Longer texts of a host are left out: no name, path or annotation of use is. */
#define CONTAINER_TEXT_MAX 4096

struct container {
	char *name;
	char *host;
	char *state;	 /* of runc: "created", "running", "paused", "stopped"; or "unknown" */
	char *bundle;	 /* "" where not said, like those below */
	char *addresses; /* of the annotation, as given */
	char *endpoints; /* of the annotation, as given */
	char *created;	 /* RFC 3339 */
	int64_t age;	 /* seconds by the host's own clock; -1: not known */
	int64_t memory;	 /* bytes that no file keeps; -1: not known */
	int64_t work;	 /* processor time it has used, in ticks; -1: not asked, or not known */
	bool pinned;	 /* its config.json says that it is to stay; false where not asked */
	bool in_move; /* its bundle has the journal of a move: under way, or waiting for recover */
	unsigned processes;
	unsigned pid; /* 0: none runs */
};

struct containers {
	struct container *rows;
	size_t n;
};
#define CLEANUP_CONTAINERS __attribute__((cleanup(containers_clear)))

/* Of what list.sh prints. */
#define LIST_LIMIT (4 * 1024 * 1024)

/* Bytes that those of a host use together; host NULL: all. One whose memory is not known counts 0.
 */
uint64_t containers_memory(const struct containers *list, const char *host);
/* Adds what list.sh printed on a host. EXIT_FAILED: it is no list; nothing is added then. */
int containers_add(struct containers *list, const char *host, const struct facts *facts,
		   struct err *err);
/* By name, then host. */
void containers_sort(struct containers *list);
void containers_clear(struct containers *list);

/* Reads one container from runc's JSON; memory and age are not in it. */
int container_read(struct container *c, const char *host, const json_t *object, struct err *err);
void container_clear(struct container *c);
#define CLEANUP_CONTAINER __attribute__((cleanup(container_clear)))
/* Its processes exist: whatever its state, a second copy must not be started. */
bool container_lives(const struct container *c);
/* Both are one copy, on a host that was asked under two names: its own and the configuration's. */
bool container_is_same(const struct container *a, const struct container *b);

/* The addresses alone, "10.0.0.7,fd00::7". Owned by the caller. */
char *container_ips(const struct container *c);
/* The endpoints, separated by commas. Owned by the caller. */
char *container_urls(const struct container *c);
/* "34s", "12m", "5h12m", "3d4h" into text[24]; "-" where not known. */
void container_age(char text[24], int64_t seconds);
/* Seconds since 1970 of "2024-05-06T07:08:09.123Z" or "...+02:00"; -1 where it is none. */
int64_t container_time(const char *rfc3339);

#endif
