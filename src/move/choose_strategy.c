/* SPDX-License-Identifier: MIT */
/* The strategy of a move: the one that was asked for, or what the hosts can do instead. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/criu/pre_copy.h"
#include "part.h"

/* The budget of a freeze, if nothing else sets it. */
#define MAX_DOWNTIME_MS 300
/* An agent writes so much to measure the shared directory (src/agent/shared/proof.c). */
#define RATE_BYTES (4 << 20)
/* CRIU restores a gigabyte a second at best, whatever the images lie on. */
#define RESTORE_BYTES_MS 1e6

int move_resolve_strategy(struct move *m, const struct config *config, const struct move_opts *opts,
			  struct err *err)
{
	const char *said = opts->strategy	? opts->strategy
			   : m->bundle.strategy ? m->bundle.strategy
			   : config->strategy	? config->strategy
						: "auto";
	unsigned downtime = opts->max_downtime_ms	? opts->max_downtime_ms
			    : m->bundle.max_downtime_ms ? m->bundle.max_downtime_ms
							: config->max_downtime_ms;

	m->plan.max_downtime_ms = downtime ? downtime : MAX_DOWNTIME_MS;
	if (!strategy_parse(said, &m->plan.strategy) || m->plan.strategy > STRATEGY_HYBRID)
		return err_set(err, EXIT_USAGE, "strategy '%s' is not known", said);
	return 0;
}

/* How fast the shared directory is, in bytes a ms; 0: not known. */
static double shared_rate(const struct move *m)
{
	double seconds = strtod(facts_get(&m->side[SOURCE].facts, "write-seconds"), NULL);

	return seconds > 0 ? RATE_BYTES / (1000 * seconds) : 0;
}

/* The freeze of a cold move. A lazy restore reads next to nothing in it. */
static double cold_ms(const struct move *m, double rate)
{
	uint64_t bytes = m->summary.memory_bytes;

	return pre_copy_cold_ms(move_can_be_lazy(m) ? bytes / 2 : bytes, rate);
}

/* The freeze of pre-copy: all that the passes have written is restored in it, unless the restore is
 * lazy. */
static double pre_copy_ms(const struct move *m)
{
	uint64_t bytes = m->summary.memory_bytes;

	return move_can_be_lazy(m) ? pre_copy_follow_ms(bytes)
				   : pre_copy_cold_ms(bytes / 2, RESTORE_BYTES_MS);
}

static enum strategy_id choose(const struct move *m)
{
	if (m->plan.predicted_ms <= m->plan.max_downtime_ms)
		return STRATEGY_COLD;
	if (m->plan.gate && facts_has(&m->side[SOURCE].facts, "dirty", "yes"))
		return pre_copy_ms(m) < m->plan.predicted_ms ? STRATEGY_PRE_COPY : STRATEGY_COLD;
	event_note(m->events,
		   "the freeze may take %.0f ms, more than %u: %s can't tell what of the memory "
		   "changes, so it is not copied ahead (--strategy post-copy is the other way)",
		   m->plan.predicted_ms, m->plan.max_downtime_ms, m->side[SOURCE].name);
	return STRATEGY_COLD;
}

/* Replaces a strategy that can't work here by the next simpler one, with a note. */
static void fall_back(struct move *m)
{
	if (!move_is_pre_copy(m))
		return;
	const char *why = NULL;
	if (!m->plan.gate)
		why = "criu there has no gate";
	else if (!facts_has(&m->side[SOURCE].facts, "dirty", "yes"))
		why = "its kernel and criu can't tell what of the memory changes (soft-dirty)";
	if (!why)
		return;
	enum strategy_id instead = move_is_post_copy(m) ? STRATEGY_POST_COPY : STRATEGY_COLD;
	event_note(m->events, "no pre-copy on %s: %s; %s instead", m->side[SOURCE].name, why,
		   strategy_name(instead));
	m->plan.strategy = instead;
}

void move_find_pages(struct move *m)
{
	const char *server = facts_get(&m->side[SOURCE].facts, "peer-from");
	const char *client = facts_get(&m->side[SOURCE].facts, "peer");
	struct address unused;
	struct err bad = ERR_INIT;

	m->side[SOURCE].options.lazy_pages = m->side[DESTINATION].options.lazy_pages = true;
	if (m->plan.encrypt == ENCRYPT_OFF &&
	    (address_parse(server, &unused, &bad) < 0 || address_parse(client, &unused, &bad) < 0))
		return;
	move_name_page_server(m, server, client);
}

void move_settle_strategy(struct move *m)
{
	double rate = shared_rate(m);

	if (rate > 0)
		m->plan.predicted_ms = cold_ms(m, rate);
	move_follow_if_slow(m);
	if (m->plan.strategy == STRATEGY_AUTO)
		m->plan.strategy = choose(m);
	fall_back(m);
	m->plan.ends_first = !m->plan.gate ||
			     (*facts_get(&m->side[SOURCE].facts, "lock") && !move_is_post_copy(m));
	str_set(&m->summary.way_back, move_way_back(m));
	if (move_is_post_copy(m))
		move_find_pages(m);
	move_expect_freeze(m);
}
