/* SPDX-License-Identifier: MIT */
/* lazy_areas: the parts of a process's address space whose pages CRIU can restore lazily, from the
 * mm-PID.img of a dump. */
#ifndef CMIGRATE_AGENT_LAZY_AREAS_H
#define CMIGRATE_AGENT_LAZY_AREAS_H

#include <stdint.h>

#include "agent/request/request.h"

struct lazy_area {
	uint64_t start, end;
};

struct lazy_areas {
	struct lazy_area *v; /* by address */
	size_t n;
};

/* 0, or 1 with a message; lazy_areas_clear() in both cases. */
int lazy_areas_read(struct request *req, int dir, const char *name, struct lazy_areas *ret);
void lazy_areas_clear(struct lazy_areas *areas);
/* Whether an address is in one. *ret_end: the same is true up to there. */
bool lazy_areas_at(const struct lazy_areas *areas, uint64_t address, uint64_t *ret_end);

#endif
