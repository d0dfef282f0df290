/* SPDX-License-Identifier: MIT */
/* Pre-copy that turns to hybrid on its way: what is left of the memory follows the container. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/check.h"
#include "part.h"
#include "steps.h"

/* Why it can't, whatever the hosts say; NULL: it may. */
static const char *obstacle(const struct move *move)
{
	if (!move->plan.gate || move->plan.ends_first)
		return "the source's copy has to end before the destination's begins";
	return move_is_direct(move) ? "memory goes straight to the destination" : NULL;
}

static int ask_both(struct move *move, struct facts *facts, struct err *err)
{
	static const char *const roles[SIDES] = {"source", "destination"};
	struct job jobs[SIDES] = {0};
	struct err second = ERR_INIT;
	int status = 0;

	for (size_t i = 0; i < SIDES && status == 0; i++)
		status = move_ask(move, move->side[i].host, roles[i], &jobs[i], err);
	for (size_t i = 0; i < SIDES; i++) {
		if (jobs[i].state == JOB_NONE)
			continue;
		job_wait(&jobs[i]);
		if (job_failure(&jobs[i], status < 0 ? &second : err) < 0)
			status = -1;
		facts_parse(&facts[i], buf_str(&jobs[i].out));
		job_clear(&jobs[i]);
	}
	return status;
}

/* The check of post-copy that a move with another strategy was not asked. */
static int check(const struct move *move, const struct facts *facts, struct err *err)
{
	const struct preflight p = {.bundle = &move->bundle,
				    .id = move->id,
				    .source_name = move->side[SOURCE].name,
				    .destination_name = move->side[DESTINATION].name,
				    .source = &facts[SOURCE],
				    .destination = &facts[DESTINATION],
				    .strategy = move->plan.strategy,
				    .encrypt = move->plan.encrypt,
				    .link_remap = move->side[SOURCE].options.link_remap};
	struct finding f = {0};

	/* CRIU's configuration is written, and names no address of IPv6 to listen on. */
	if (move->plan.encrypt == ENCRYPT_OFF &&
	    strchr(facts_get(&facts[SOURCE], "peer-from"), ':'))
		return err_set(err, EXIT_FAILED, "the hosts reach each other by IPv6");
	int status = check_pages(&p, &f) == CHECK_FAILED && !f.warning
			     ? err_set(err, EXIT_FAILED, "%s", f.message)
			     : 0;

	free(f.message);
	free(f.remedy);
	return status;
}

static int can_follow(struct move *move, struct facts *facts, struct err *err)
{
	const char *why = obstacle(move);

	if (why)
		return err_set(err, EXIT_FAILED, "%s", why);
	return ask_both(move, facts, err) < 0 ? -1 : check(move, facts, err);
}

static void take_facts(struct move *move, struct facts *facts)
{
	for (size_t i = 0; i < SIDES; i++) {
		facts_clear(&move->side[i].facts);
		move->side[i].facts = facts[i];
		facts[i] = (struct facts){0};
	}
}

static int change_journal(struct move *move, struct err *err)
{
	json_t *all = move_json(move);
	int status = journal_change(&move->journal, all, err);

	json_decref(all);
	return status;
}

int become_hybrid(struct move *move, bool *ret_became, struct err *err)
{
	struct facts facts[SIDES] = {0};
	struct err why = ERR_INIT;
	int status = 0;

	move->plan.strategy = STRATEGY_HYBRID;
	*ret_became = can_follow(move, facts, &why) == 0;
	if (*ret_became) {
		take_facts(move, facts);
		move_find_pages(move);
		move->plan.lazy = false;
		move->side[DESTINATION].options.parent_pass = 0;
		move_set_sides(move);
		str_set(&move->summary.strategy, strategy_name(STRATEGY_HYBRID));
		status = change_journal(move, err) < 0 ? -1 : prepare_pages(move, err);
	} else {
		move->plan.strategy = STRATEGY_PRE_COPY;
		event_note(move->events, "memory can't follow the container: %s; pre-copy goes on",
			   why.msg);
	}
	for (size_t i = 0; i < SIDES; i++)
		facts_clear(&facts[i]);
	return status;
}
