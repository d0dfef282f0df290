/* SPDX-License-Identifier: MIT */
/*
 * owner: a cluster's resource that starts, moves and ends a container. It says so in the
 * environment of each cmigrate that it runs, OWNER_ENV="pacemaker:RESOURCE", and what starts or
 * moves the container leaves that in OWNER_FILE beside the bundle (state_dir.h), until `stop`.
 */
#ifndef CMIGRATE_OWNER_H
#define CMIGRATE_OWNER_H

#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/container/state_dir.h"

#define OWNER_ENV "CMIGRATE_OWNER"
#define OWNER_FILE "owner"

/* The owner in the environment, or NULL; borrowed. EXIT_USAGE: it names no resource. */
int owner_self(const char **ret, struct err *err);
/* The resource that a text names; NULL: none. Borrowed from the text. */
const char *owner_resource(const char *text);
/* Whether the text names a resource, and another one than the environment. */
bool owner_is_other(const char *text);

/* Notes the owner of the environment, if there is one. */
int owner_note(const struct state_dir *state_dir, struct err *err);
/* Forgets it. */
int owner_forget(const struct state_dir *state_dir, struct err *err);
/* EXIT_REFUSED if another one has the container. */
int owner_check(const struct state_dir *state_dir, const char *container, struct err *err);

#endif
