/* SPDX-License-Identifier: MIT */
/*
 * Whether the freeze of a move is going to be within --max-downtime, and what happens if it isn't.
 * It is predicted by the memory and the measured rates, or by what such moves of the container took
 * before. freeze_limit.h has the freeze itself.
 */
#include "cmigrate/criu/pre_copy.h"
#include "cmigrate/history/past_freeze.h"
#include "part.h"
#include "steps.h"

int move_resolve_if_slow(struct move *m, const struct config *config, const struct move_opts *opts,
			 struct err *err)
{
	const char *said = opts->if_slow       ? opts->if_slow
			   : m->bundle.if_slow ? m->bundle.if_slow
			   : config->if_slow   ? config->if_slow
					       : if_slow_words[IF_SLOW_GO];

	return if_slow_parse(said, &m->plan.if_slow)
		       ? 0
		       : err_set(err, EXIT_USAGE, "if-slow '%s' is not known", said);
}

void move_read_past(struct move *m)
{
	struct err why = ERR_INIT;

	if (m->plan.if_slow != IF_SLOW_GO &&
	    history_load(&m->state_dir, m->bundle.name, &m->past, &why) < 0)
		event_note(m->events, "what earlier moves took is not known: %s", why.msg);
}

/* Such moves of the container know better than the rates. */
static double expected(const struct move *m, enum strategy_id strategy, double by_rates)
{
	double before = past_freeze_ms(&m->past, strategy_name(strategy), m->summary.memory_bytes);

	return before >= 0 ? before : by_rates;
}

void move_follow_if_slow(struct move *m)
{
	enum strategy_id asked = m->plan.strategy;
	double ms = expected(m, STRATEGY_COLD, m->plan.predicted_ms);

	if (m->plan.if_slow != IF_SLOW_POST_COPY || strategy_is_post_copy(asked) ||
	    ms <= m->plan.max_downtime_ms)
		return;
	m->plan.strategy = STRATEGY_HYBRID;
	event_note(m->events,
		   "copying all memory in the freeze may take %.0f ms, more than %u: what is left "
		   "of it follows the container",
		   ms, m->plan.max_downtime_ms);
}

void move_expect_freeze(struct move *m)
{
	enum strategy_id strategy = m->plan.strategy;

	if (strategy_is_post_copy(strategy))
		m->plan.expected_ms =
			expected(m, strategy, pre_copy_follow_ms(m->summary.memory_bytes));
	else if (!strategy_is_pre_copy(strategy))
		m->plan.expected_ms = expected(m, strategy, m->plan.predicted_ms);
	/* The memory that is left after the passes decides. */
	if (m->plan.expected_ms > 0)
		m->summary.predicted_freeze_ms = m->plan.expected_ms;
}

int bound_allows(struct move *m, double predicted_ms, struct err *err)
{
	if (predicted_ms > 0)
		m->summary.predicted_freeze_ms = predicted_ms;
	if (m->plan.if_slow != IF_SLOW_ABORT || predicted_ms <= m->plan.max_downtime_ms)
		return 0;
	str_set(&m->summary.undone_by, UNDONE_BY_PREDICTION);
	return err_set(
		err, EXIT_FAILED,
		"the freeze would take about %.0f ms, and --max-downtime is %u ms: it was not "
		"frozen; --max-downtime %.0f or --if-slow go lets it move",
		predicted_ms, m->plan.max_downtime_ms, predicted_ms + 1);
}
