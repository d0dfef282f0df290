/* SPDX-License-Identifier: MIT */
/*
 * runtime_state: what runc's own record of a running container (state.json, libcontainer's State)
 * says that a move uses before the freeze, so that the freeze needn't ask for it.
 */
#ifndef CMIGRATE_RUNTIME_STATE_H
#define CMIGRATE_RUNTIME_STATE_H

#include "cmigrate/runtime.h"

struct runtime_state {
	/* What runc is going to write into the images' descriptors.json, which a restore reads
	 * before it starts criu; NULL: not known. */
	char *descriptors;
	/* File that freezes the container's cgroup when written: freezer.state (cgroup v1) or
	 * cgroup.freeze (v2); NULL: not known, or no path that is believed. */
	char *freezer;
};

/* From the text of a state.json. What is missing or odd there is NULL in *ret. */
void runtime_state_parse(const char *text, struct runtime_state *ret);
/* Asks the host. All NULL where it can't be had: a move can do without. */
void runtime_state_read(const struct runtime *rt, struct runtime_state *ret);
/* The freezer of a container of this machine, found in the same way. Owned by the caller. */
char *runtime_state_freezer_here(const char *name);
void runtime_state_clear(struct runtime_state *state);
#define CLEANUP_RUNTIME_STATE __attribute__((cleanup(runtime_state_clear)))

#endif
