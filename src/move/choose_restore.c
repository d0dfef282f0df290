/* SPDX-License-Identifier: MIT */
/* Whether a move restores its memory lazily, from the images on the destination. */
#include "cmigrate/check/check.h"
#include "part.h"

/* Below that a restore of all memory at once is about as short (docs/move.md says what was
 * measured). */
#define LAZY_FROM (64ULL << 20)
/* A restore needs so much beside the memory of each process (src/check/limits.c). */
#define PROCESS_MEMORY (2ULL << 20)

/* Pages that processes share are their own each afterwards. */
static bool has_room(const struct move *m)
{
	const struct facts *facts = &m->side[SOURCE].facts;
	uint64_t limit = m->bundle.memory_limit, memory = m->summary.memory_bytes;
	uint64_t processes = facts_uint(facts, "processes");

	return !limit || (memory < limit && processes < UINT32_MAX &&
			  processes * PROCESS_MEMORY <= limit - memory);
}

/* Why not, in words for a note; NULL: it can. */
static const char *obstacle(const struct move *m)
{
	const struct side *dst = &m->side[DESTINATION];

	if (!m->plan.gate || *facts_get(&m->side[SOURCE].facts, "lock"))
		return "the source's copy ends before the restore";
	if (dst->options.criu < CRIU_GATE)
		return "criu there is older than 3.19";
	if (!facts_has(&dst->facts, "uffd", "yes"))
		return "criu there can't use userfaultfd";
	if (!has_room(m))
		return "the memory limit of the container leaves no room for pages that its "
		       "processes no longer share";
	return NULL;
}

static bool is_large(const struct move *m)
{
	uint64_t from = m->plan.lazy_from ? m->plan.lazy_from : LAZY_FROM;

	return m->kind == MOVE_WHOLE && m->summary.memory_bytes >= from &&
	       m->summary.memory_bytes <= UINT64_MAX / 4;
}

bool move_can_be_lazy(const struct move *m)
{
	return is_large(m) && !obstacle(m);
}

void move_settle_restore(struct move *m)
{
	const char *why = obstacle(m);

	if (move_is_post_copy(m) || !is_large(m))
		return;
	m->plan.lazy = m->side[DESTINATION].options.lazy_pages = !why;
	if (why && m->plan.lazy_from)
		event_note(m->events, "%s restores all memory at once: %s",
			   m->side[DESTINATION].name, why);
}
