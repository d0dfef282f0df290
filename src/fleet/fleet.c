/* SPDX-License-Identifier: MIT */
#include "cmigrate/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/options.h"
#include "cmigrate/base/suggest.h"
#include "cmigrate/host/ask_all.h"

/* A wait of one second in twenty for a processor is no burden. */
#define PRESSURE_LEAST 5

static double fact_number(const struct facts *facts, const char *key)
{
	char *end = NULL;
	const char *text = facts_get(facts, key);
	double value = strtod(text, &end);

	/* A host can't wait for more than all of the time, with every processor. */
	return *text && end && !*end && value >= 0 && value <= 1e6 ? value : -1;
}

void fleet_host_read(struct fleet_host *host, const struct config_host *row,
		     const struct facts *facts)
{
	uint64_t cpus = facts_uint(facts, "cpus");
	double average = fact_number(facts, "loadavg");

	host->answers = true;
	host->capacity = facts_uint(facts, "memory-total");
	host->available = facts_uint(facts, "memory-available");
	if (row && row->memory)
		host->capacity = options_size(row->memory);
	host->cpus = cpus >= 1 && cpus <= 65536 ? (unsigned)cpus : 1;
	host->pressure = fact_number(facts, "pressure");
	if (host->pressure < 0)
		host->pressure = average < 0 ? 0 : 100 * average / host->cpus;
}

/* Containers may use as much of a configured capacity as other containers have left. */
static void limit_available(struct fleet *fleet, struct fleet_host *host)
{
	uint64_t used = containers_memory(&fleet->containers, host->name);
	uint64_t left = host->capacity > used ? host->capacity - used : 0;
	if (host->available > left)
		host->available = left;
}

static void take_reply(struct fleet *fleet, const struct config *config, struct reply *a)
{
	struct fleet_host *host = &fleet->hosts[fleet->n_hosts++];
	struct facts facts;

	host->name = str_dup(a->host->name);
	host->err = a->err;
	if (!a->ok)
		return;
	facts_parse(&facts, buf_str(&a->job.out));
	cordons_add(&fleet->cordons, &facts);
	if (containers_add(&fleet->containers, host->name, &facts, &host->err) == 0) {
		fleet_host_read(host, config_find(config, host->name), &facts);
		limit_available(fleet, host);
	}
	/* An incomplete answer counts as none. */
	if (host->answers && !host->capacity) {
		host->answers = false;
		(void)err_set(&host->err, EXIT_FAILED, "%s: did not report its memory", host->name);
	}
	facts_clear(&facts);
}

int fleet_ask(const struct config *config, const struct argv *names, const struct events *events,
	      struct fleet *ret, struct err *err)
{
	CLEANUP_REPLIES struct replies replies = {0};
	char *argv[] = {"list", "op=load", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

	memset(ret, 0, sizeof(*ret));
	if (ask_all(config, names, &cmd, events, &replies, err) < 0)
		return -1;
	ret->hosts = mem_new(replies.n, sizeof(*ret->hosts));
	for (size_t i = 0; i < replies.n; i++)
		take_reply(ret, config, &replies.rows[i]);
	containers_sort(&ret->containers);
	return 0;
}

size_t fleet_count(const struct fleet *fleet, const char *host)
{
	size_t n = 0;

	for (size_t i = 0; i < fleet->containers.n; i++)
		n += container_lives(&fleet->containers.rows[i]) &&
		     strcmp(fleet->containers.rows[i].host, host) == 0;
	return n;
}

char *fleet_silent(const struct fleet *fleet)
{
	struct buf text = {0};

	for (size_t i = 0; i < fleet->n_hosts; i++)
		if (!fleet->hosts[i].answers)
			buf_printf(&text, "%s%s", text.len ? "; " : "", fleet->hosts[i].err.msg);
	return buf_steal(&text);
}

char *fleet_cordoned(const struct fleet *fleet, const char *but)
{
	struct buf text = {0};

	for (size_t i = 0; i < fleet->n_hosts; i++) {
		const char *name = fleet->hosts[i].name;
		const struct cordon *mark = cordons_find(&fleet->cordons, name);
		if (!mark || (but && strcmp(name, but) == 0))
			continue;
		CLEANUP_FREE char *sentence = cordon_sentence(mark);
		buf_printf(&text, "%s%s", text.len ? "; " : "", sentence);
	}
	return buf_steal(&text);
}

const char *const fleet_by_words[] = {"memory", "pressure", "count", NULL};

int fleet_by(const char *word, enum fleet_by *ret, struct err *err)
{
	*ret = BY_MEMORY;
	if (!word)
		return 0;
	if (suggest_check(word, fleet_by_words, err) < 0)
		return -1;
	for (size_t i = 0; fleet_by_words[i]; i++)
		if (strcmp(word, fleet_by_words[i]) == 0)
			*ret = (enum fleet_by)i;
	return 0;
}

static void add_host(struct fleet_problem *p, const struct fleet_host *row, enum fleet_by by)
{
	size_t h = p->plan.n_hosts++;
	double capacity = by == BY_MEMORY     ? (double)row->capacity
			  : by == BY_PRESSURE ? row->cpus
					      : 1;

	p->rows[h] = row;
	p->hosts[h] = (struct plan_host){.capacity = capacity > 0 ? capacity : 1};
}

/* Ticks a second since its start: past use is the best guess of future use. */
static double rate(const struct container *c)
{
	return c->work > 0 ? (double)c->work / (double)(c->age > 0 ? c->age : 1) : 0;
}

/*
 * Shares the pressure of a host out to its containers, by the processor time they use. If none of
 * them uses any, the pressure comes from elsewhere.
 */
static void share_pressure(struct fleet_problem *p, size_t h)
{
	double all = 0, points = p->rows[h]->pressure * p->rows[h]->cpus;

	for (size_t i = 0; i < p->plan.n_items; i++)
		all += p->items[i].host == h ? rate(p->containers[i]) : 0;
	if (all <= 0)
		p->hosts[h].base = p->rows[h]->pressure;
	for (size_t i = 0; all > 0 && i < p->plan.n_items; i++)
		if (p->items[i].host == h)
			p->items[i].size = points * rate(p->containers[i]) / all;
}

static double size_of(const struct container *c, enum fleet_by by)
{
	if (by == BY_COUNT)
		return 1;
	return by == BY_MEMORY && c->memory > 0 ? (double)c->memory : 0;
}

static void add_container(struct fleet_problem *p, const struct container *c, enum fleet_by by)
{
	size_t h = 0;

	while (h < p->plan.n_hosts && strcmp(p->rows[h]->name, c->host) != 0)
		h++;
	if (h == p->plan.n_hosts || !container_lives(c))
		return;
	p->containers[p->plan.n_items] = c;
	p->items[p->plan.n_items++] =
		(struct plan_item){.host = h,
				   .size = size_of(c, by),
				   .fixed = c->pinned || strcmp(c->state, "running") != 0};
}

/* Numbers the groups by their first member, and bars hosts by org.cmigrate.hosts. */
static void add_rules(struct fleet_problem *p)
{
	for (size_t i = 0; i < p->plan.n_items; i++) {
		const struct place_rule *rule = &p->containers[i]->rule;
		size_t first = 0;
		while (first < i && !place_rule_same(rule, &p->containers[first]->rule))
			first++;
		p->items[i].group = rule->group ? first + 1 : 0;
		p->items[i].together = rule->together;
		for (size_t h = 0; h < p->plan.n_hosts; h++)
			p->refused[i * p->plan.n_hosts + h] =
				!place_rule_allows(rule, p->rows[h]->name);
	}
}

void fleet_problem(const struct fleet *fleet, enum fleet_by by, bool rules,
		   struct fleet_problem *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->hosts = mem_new(fleet->n_hosts, sizeof(*ret->hosts));
	ret->rows = mem_new(fleet->n_hosts, sizeof(*ret->rows));
	ret->items = mem_new(fleet->containers.n, sizeof(*ret->items));
	ret->containers = mem_new(fleet->containers.n, sizeof(*ret->containers));
	for (size_t h = 0; h < fleet->n_hosts; h++)
		if (fleet->hosts[h].answers && !cordons_find(&fleet->cordons, fleet->hosts[h].name))
			add_host(ret, &fleet->hosts[h], by);
	for (size_t i = 0; i < fleet->containers.n; i++)
		add_container(ret, &fleet->containers.rows[i], by);
	for (size_t h = 0; by == BY_PRESSURE && h < ret->plan.n_hosts; h++)
		share_pressure(ret, h);
	ret->refused = mem_new(ret->plan.n_hosts * ret->plan.n_items, sizeof(*ret->refused));
	if (rules)
		add_rules(ret);
	ret->plan.hosts = ret->hosts;
	ret->plan.items = ret->items;
	ret->plan.refused = ret->refused;
	ret->plan.whole = by == BY_COUNT;
	ret->plan.least = by == BY_PRESSURE ? PRESSURE_LEAST : 0;
}

void fleet_problem_clear(struct fleet_problem *p)
{
	free(p->hosts);
	free(p->items);
	free(p->refused);
	free((void *)p->rows);
	free((void *)p->containers);
	memset(p, 0, sizeof(*p));
}

void fleet_clear(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_hosts; i++)
		free(fleet->hosts[i].name);
	free(fleet->hosts);
	containers_clear(&fleet->containers);
	cordons_clear(&fleet->cordons);
	memset(fleet, 0, sizeof(*fleet));
}
