/* SPDX-License-Identifier: MIT */
#include "status.h"

#include <string.h>

#include "claim.h"
#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/base/name.h"
#include "cmigrate/host/config.h"
#include "cmigrate/network/endpoint_probe.h"
#include "cmigrate/network/links.h"

/* An endpoint is asked whether it answers now, not whether it will. */
#define ENDPOINT_MS 1000
#define ENDPOINTS_MAX 16

void status_clear(struct status *s)
{
	replies_clear(&s->replies);
	containers_clear(&s->list);
	cordons_clear(&s->marks);
	bundle_clear(&s->bundle);
	journal_state_clear(&s->journal);
	str_set(&s->journal_error, NULL);
}

static int ask_hosts(const struct app *app, const struct argv *hosts, struct replies *ret,
		     struct err *err)
{
	CLEANUP_ARGV struct argv names = {0};
	char *argv[] = {"list", "op=addresses", NULL};
	struct command cmd = {.argv = argv, .timeout_ms = ASK_TIMEOUT_MS, .limit = LIST_LIMIT};

	if (hosts->n)
		argv_extend(&names, hosts);
	else
		ask_all_names(app->config, true, &names);
	return ask_all(app->config, &names, &cmd, app->events, ret, err);
}

static bool is_there(const struct containers *list, const struct container *c)
{
	for (size_t i = 0; i < list->n; i++)
		if (container_is_same(&list->rows[i], c))
			return true;
	return false;
}

/* Takes the containers of that name out of the list. A living one comes first. */
static void pick(struct containers *all, const char *name, struct containers *ret)
{
	ret->rows = mem_new(all->n, sizeof(*ret->rows));
	for (int lives = 1; lives >= 0; lives--) {
		for (size_t i = 0; i < all->n; i++) {
			struct container *c = &all->rows[i];
			if (!c->name || strcmp(c->name, name) != 0 || container_lives(c) != lives ||
			    is_there(ret, c))
				continue;
			ret->rows[ret->n++] = *c;
			memset(c, 0, sizeof(*c));
		}
	}
}

void status_collect(struct replies *replies, struct containers *ret, struct cordons *ret_marks)
{
	for (size_t i = 0; i < replies->n; i++) {
		struct reply *a = &replies->rows[i];
		struct facts facts;
		if (!a->ok)
			continue;
		facts_parse(&facts, buf_str(&a->job.out));
		cordons_add(ret_marks, &facts);
		a->ok = containers_add(ret, a->host->name, &facts, &a->err) == 0;
		facts_clear(&facts);
	}
}

static struct reply *reply_of(const struct status *s, const char *host)
{
	for (size_t i = 0; i < s->replies.n; i++)
		if (strcmp(s->replies.rows[i].host->name, host) == 0)
			return &s->replies.rows[i];
	return NULL;
}

/* Returns true if this host could read what lies beside the bundle. */
static bool read_bundle(struct status *s, struct host *host, struct err *err)
{
	struct claim claim = {0};

	/* Forget what an earlier host returned. No lock is needed, because nothing is claimed. */
	s->bundle.n_addresses = 0;
	argv_clear(&s->bundle.endpoints);
	claim.host = host;
	claim.bundle = s->bundle;
	s->configured = claim_read_config(&claim, err) == 0;
	struct err unheard = ERR_INIT;
	if (s->configured)
		(void)claim_has_checkpoint(&claim, &s->checkpointed, &unheard);
	s->bundle = claim.bundle;
	state_dir_init(&claim.state_dir, host, s->bundle.dir);
	struct err damaged = ERR_INIT;
	if (journal_load(&claim.state_dir, &s->journal, &damaged) < 0)
		str_set(&s->journal_error, damaged.msg);
	state_dir_clear(&claim.state_dir);
	return s->configured || s->journal.found;
}

/* The bundle is shared: ask the host that has the container first, then any host that answers. */
static void find_bundle(struct status *s)
{
	struct err err = ERR_INIT;
	struct reply *first = s->list.n ? reply_of(s, s->list.rows[0].host) : NULL;

	if (first && read_bundle(s, first->host, &err)) {
		s->at = first->host;
		return;
	}
	for (size_t i = 0; i < s->replies.n; i++) {
		struct reply *a = &s->replies.rows[i];
		if (a == first || a->job.lost)
			continue;
		if (read_bundle(s, a->host, &err)) {
			s->at = a->host;
			return;
		}
	}
}

/* Fall back on runc's copy of the annotations if config.json can't be read. */
static void complete(struct status *s)
{
	const struct container *c = s->list.n ? &s->list.rows[0] : NULL;
	struct err ignored = ERR_INIT;

	if (s->configured || !c)
		return;
	s->bundle.n_addresses = 0;
	(void)bundle_add_addresses(&s->bundle, c->addresses, &ignored);
	CLEANUP_FREE char *urls = container_urls(c);
	CLEANUP_ARGV struct argv words = {0};
	argv_words(&words, urls, ",");
	argv_clear(&s->bundle.endpoints);
	for (size_t i = 0; i < words.n; i++)
		if (name_check_endpoint(words.v[i], &ignored) == 0)
			argv_add(&s->bundle.endpoints, words.v[i]);
}

int status_gather(const struct app *app, const char *name, const struct argv *hosts,
		  struct status *ret, struct err *err)
{
	CLEANUP_CONTAINERS struct containers all = {0};

	if (bundle_init(&ret->bundle, app_bundle_root(app), name, err) < 0 ||
	    ask_hosts(app, hosts, &ret->replies, err) < 0)
		return -1;
	status_collect(&ret->replies, &all, &ret->marks);
	pick(&all, name, &ret->list);
	find_bundle(ret);
	complete(ret);
	return 0;
}

bool status_known(const struct status *s)
{
	return s->list.n || s->journal.found || s->journal_error || s->configured;
}

/* The host that has an address now. *ret_device: its device there, owned by the caller. */
static const char *holder(const struct status *s, const char *ip, char **ret_device)
{
	for (size_t i = 0; i < s->replies.n; i++) {
		const struct reply *a = &s->replies.rows[i];
		struct facts facts;
		int prefix;
		if (!a->ok)
			continue;
		facts_parse(&facts, buf_str(&a->job.out));
		CLEANUP_JSON json_t *links = facts_json(&facts, "addr");
		facts_clear(&facts);
		const json_t *link = link_find_address(links, ip, &prefix);
		struct err ignored = ERR_INIT;
		if (!link)
			continue;
		const char *device = link_text(link, "ifname");
		str_set(ret_device, name_check_device(device, &ignored) == 0 ? device : "?");
		return a->host->name;
	}
	return NULL;
}

static json_t *addresses_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->bundle.n_addresses; i++) {
		const struct address *a = &s->bundle.addresses[i];
		CLEANUP_FREE char *device = NULL;
		const char *host = holder(s, a->ip, &device);
		json_array_append_new(list, json_pack("{s:s, s:s?, s:s?}", "address", a->ip, "host",
						      host, "device", device));
	}
	return list;
}

static json_t *endpoints_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->bundle.endpoints.n && i < ENDPOINTS_MAX; i++) {
		const char *url = s->bundle.endpoints.v[i];
		struct err err = ERR_INIT;
		CLEANUP_ARGV struct argv urls = {0};
		argv_add(&urls, url);
		CLEANUP_FREE char *said = NULL;
		double ms = probe_now(&urls, ENDPOINT_MS, NULL, &said, &err);
		/* The URL is a member of its own. */
		const char *why = said && *said ? said : err.msg;
		json_array_append_new(
			list, json_pack("{s:s, s:b, s:o, s:o}", "url", url, "answers", ms >= 0,
					"ms", ms >= 0 ? json_real(ms) : json_null(), "error",
					ms >= 0 ? json_null() : json_string(why)));
	}
	return list;
}

/* Other programs can write to a journal: accept texts only, and mask them. */
static json_t *journal_text(const json_t *move, const char *key)
{
	CLEANUP_FREE char *text = str_dup(json_string_value(json_object_get(move, key)));

	if (!text)
		return json_null();
	str_mask(text);
	return json_string(text);
}

static json_t *move_part(const struct status *s)
{
	const struct journal_state *j = &s->journal;

	if (!j->found && !s->journal_error)
		return json_null();
	CLEANUP_FREE char *step = str_dup(j->last_step);
	if (step)
		str_mask(step);
	return json_pack("{s:o, s:o, s:o, s:o, s:s?, s:b, s:s?, s:o}", "id",
			 journal_text(j->move, "id"), "source", journal_text(j->move, "source"),
			 "destination", journal_text(j->move, "destination"), "strategy",
			 journal_text(j->move, "strategy"), "last_step", step, "committed",
			 j->committed, "error", s->journal_error, "settled_by",
			 json_sprintf("cmigrate recover %s", s->bundle.name));
}

static json_t *copies_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 1; i < s->list.n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "host", s->list.rows[i].host,
						      "state", s->list.rows[i].state));
	return list;
}

static json_t *silent_json(const struct status *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->replies.n; i++)
		if (!s->replies.rows[i].ok)
			json_array_append_new(list, json_string(s->replies.rows[i].host->name));
	return list;
}

json_t *status_mark_json(const struct cordon *mark)
{
	if (!mark)
		return json_null();
	return json_pack("{s:s?, s:s?, s:s?}", "by", mark->by, "since", mark->since, "reason",
			 mark->reason);
}

json_t *status_json(const struct status *s)
{
	static const struct container none = {.age = -1, .memory = -1};
	const struct container *c = s->list.n ? &s->list.rows[0] : &none;
	const struct cordon *mark = c->host ? cordons_find(&s->marks, c->host) : NULL;
	const char *bundle = c->bundle && *c->bundle ? c->bundle : s->bundle.dir;

	return json_pack("{s:s, s:s?, s:s?, s:o, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:b, s:o, s:o}",
			 "name", s->bundle.name, "host", c->host, "state", c->state, "pid",
			 c->pid ? json_integer(c->pid) : json_null(), "bundle", bundle, "created",
			 c->created && *c->created ? c->created : NULL, "age_seconds",
			 json_of_number(c->age), "memory_bytes", json_of_number(c->memory),
			 "processes", c->processes ? json_integer(c->processes) : json_null(),
			 "addresses", addresses_json(s), "endpoints", endpoints_json(s),
			 "other_copies", copies_json(s), "unreachable", silent_json(s),
			 "checkpoint", s->checkpointed, "move", move_part(s), "cordon",
			 status_mark_json(mark));
}
