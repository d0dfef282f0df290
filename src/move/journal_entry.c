/* SPDX-License-Identifier: MIT */
/* A move as its journal keeps it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/json.h"
#include "cmigrate/container/generations.h"
#include "part.h"

static json_t *addresses_json(const struct address *addresses, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_sprintf("%s/%d%s%s", addresses[i].ip, addresses[i].prefix,
					   *addresses[i].device ? "@" : "", addresses[i].device));
	return list;
}

static json_t *words_json(const struct argv *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->n; i++)
		json_array_append_new(list, json_string(words->v[i]));
	return list;
}

json_t *move_json(const struct move *m)
{
	const size_t n = move_leaves_source(m) ? 0 : m->bundle.n_addresses;
	const struct runtime_options *o =
		m->kind == MOVE_RESTORE ? &m->side[DESTINATION].options : &m->side[SOURCE].options;

	return json_pack(
		"{s:i, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:i, s:i, s:b, s:b, s:o, s:o, "
		"s:o, s:s*, s:o,"
		" s:b, s:b, s:b, s:b, s:i, s:i, s:i, s:i, s:b, s:b, s:s*, s:s*, s:i, s:s, s:b, "
		"s:b, s:s*, s:i}",
		"kind", (int)m->kind, "images", m->image_dir, "leave_running",
		m->plan.leave_running, "id", m->id, "name", m->bundle.name, "bundle", m->bundle.dir,
		"source", m->side[SOURCE].name, "destination", m->side[DESTINATION].name,
		"strategy", strategy_name(m->plan.strategy), "gate", m->plan.gate, "timeout_ms",
		m->plan.timeout_ms, "dump_timeout_ms", m->plan.dump_timeout_ms, "keep_silent",
		m->plan.keep_silent, "keep_images", m->plan.keep_images, "endpoints",
		words_json(&m->bundle.endpoints), "source_addresses",
		addresses_json(m->side[SOURCE].addresses, n), "destination_addresses",
		addresses_json(m->side[DESTINATION].addresses, n), "netns", m->bundle.netns,
		"warnings", warnings_json(&m->summary.warnings), "tcp_established",
		o->tcp_established, "file_locks", o->file_locks, "ext_unix_sk", o->ext_unix_sk,
		"shell_job", o->shell_job, "source_runc", (int)o->runc, "source_criu", (int)o->criu,
		"destination_runc", (int)m->side[DESTINATION].options.runc, "destination_criu",
		(int)m->side[DESTINATION].options.criu, "network_lock_skip", o->network_lock_skip,
		"own_network", o->own_network, "page_server", m->page_server.server, "page_client",
		m->page_server.client, "page_port", (int)m->page_server.port, "transport",
		transport_name(m->plan.transport), "ends_first", m->plan.ends_first, "lazy",
		m->plan.lazy, "quota", *m->quota ? m->quota : NULL, "keep", (int)m->plan.keep);
}

static int read_addresses(const json_t *object, const char *key, struct address *ret, size_t *ret_n,
			  struct err *err)
{
	CLEANUP_ARGV struct argv words = {0};

	if (json_get_strings(object, "move", key, &words, err) < 0)
		return -1;
	if (words.n > ADDRESSES_MAX)
		return err_set(err, EXIT_FAILED, "move.%s: too many", key);
	for (size_t i = 0; i < words.n; i++)
		if (address_parse(words.v[i], &ret[i], err) < 0)
			return err_wrap(err, "move.%s", key);
	*ret_n = words.n;
	return 0;
}

/* Checks all words that become part of rules, command lines and requests. */
static int check_words(const struct move *m, struct err *err)
{
	const char *ips[] = {m->page_server.server, m->page_server.client};
	struct address unused;

	for (size_t i = 0; i < sizeof(ips) / sizeof(*ips); i++)
		if (ips[i] && address_parse(ips[i], &unused, err) < 0)
			return err_wrap(err, "move.page_server");
	for (size_t i = 0; i < m->bundle.endpoints.n; i++)
		if (name_check_endpoint(m->bundle.endpoints.v[i], err) < 0)
			return err_wrap(err, "move.endpoints");
	if (m->bundle.netns && name_check_path(m->bundle.netns, err) < 0)
		return err_wrap(err, "move.netns");
	return 0;
}

/* Only of a move that has throttled the container. */
static int read_quota(const json_t *o, struct move *m, struct err *err)
{
	CLEANUP_FREE char *quota = NULL;

	if (json_get_string(o, "move", "quota", &quota, err) < 0)
		return -1;
	if (quota && !quota_check(quota))
		return err_set(err, EXIT_FAILED, "move.quota: not a quota");
	(void)snprintf(m->quota, sizeof(m->quota), "%s", quota ? quota : "");
	return 0;
}

/* An older journal names no transport. */
static int read_transport(const json_t *o, struct move *m, struct err *err)
{
	CLEANUP_FREE char *transport = NULL;

	if (json_get_string(o, "move", "transport", &transport, err) < 0)
		return -1;
	if (transport && !transport_parse(transport, &m->plan.transport))
		return err_set(err, EXIT_FAILED, "move.transport: unknown");
	if (move_is_direct(m) && (m->plan.ends_first || move_is_post_copy(m)))
		return err_set(err, EXIT_FAILED, "move.transport: not with this strategy");
	if (m->plan.lazy && (m->plan.ends_first || move_is_post_copy(m) || move_is_pre_copy(m)))
		return err_set(err, EXIT_FAILED, "move.lazy: not with this strategy");
	if (move_is_direct(m) && (!m->page_server.server || !m->page_server.client))
		return err_set(err, EXIT_FAILED, "move.page_server: missing");
	return 0;
}

static int read_names(const json_t *o, struct move *m, struct err *err)
{
	CLEANUP_FREE char *id = NULL;
	CLEANUP_FREE char *strategy = NULL;

	if (json_get_string(o, "move", "id", &id, err) < 0 ||
	    json_get_string(o, "move", "name", &m->bundle.name, err) < 0 ||
	    json_get_string(o, "move", "bundle", &m->bundle.dir, err) < 0 ||
	    json_get_string(o, "move", "source", &m->side[SOURCE].name, err) < 0 ||
	    json_get_string(o, "move", "destination", &m->side[DESTINATION].name, err) < 0 ||
	    json_get_string(o, "move", "strategy", &strategy, err) < 0 ||
	    json_get_string(o, "move", "netns", &m->bundle.netns, err) < 0 ||
	    json_get_string(o, "move", "page_server", &m->page_server.server, err) < 0 ||
	    json_get_string(o, "move", "page_client", &m->page_server.client, err) < 0 ||
	    json_get_strings(o, "move", "endpoints", &m->bundle.endpoints, err) < 0)
		return -1;
	if (!id || !m->bundle.name || !m->bundle.dir || !m->side[SOURCE].name ||
	    !m->side[DESTINATION].name || !strategy)
		return err_set(err, EXIT_FAILED, "move: a name is missing");
	if (!strategy_parse(strategy, &m->plan.strategy))
		return err_set(err, EXIT_FAILED, "move.strategy: unknown");
	if (name_check_id(id, err) < 0 || name_check(m->bundle.name, err) < 0 ||
	    name_check_path(m->bundle.dir, err) < 0)
		return err_wrap(err, "move");
	if (move_is_post_copy(m) && (!m->page_server.server || !m->page_server.client))
		return err_set(err, EXIT_FAILED, "move.page_server: missing");
	memcpy(m->id, id, strlen(id) + 1);
	return check_words(m, err);
}

static int read_options(const json_t *o, struct move *m, struct err *err)
{
	struct runtime_options *src = &m->side[SOURCE].options,
			       *dst = &m->side[DESTINATION].options;
	unsigned timeout = 30000, dump_timeout = 60000, kind = MOVE_WHOLE;

	if (json_get_uint(o, "move", "kind", &kind, err) < 0 ||
	    json_get_uint(o, "move", "timeout_ms", &timeout, err) < 0 ||
	    json_get_uint(o, "move", "dump_timeout_ms", &dump_timeout, err) < 0 ||
	    json_get_uint(o, "move", "page_port", &m->page_server.port, err) < 0 ||
	    json_get_uint(o, "move", "keep", &m->plan.keep, err) < 0 ||
	    json_get_uint(o, "move", "source_runc", &src->runc, err) < 0 ||
	    json_get_uint(o, "move", "source_criu", &src->criu, err) < 0)
		return -1;
	if (kind > MOVE_REHEARSAL)
		return err_set(err, EXIT_FAILED, "move.kind: unknown");
	m->kind = (enum move_kind)kind;
	m->plan.leave_running = json_is_true(json_object_get(o, "leave_running"));
	m->plan.timeout_ms = (int)timeout;
	m->plan.dump_timeout_ms = (int)dump_timeout;
	m->plan.gate = json_is_true(json_object_get(o, "gate"));
	m->plan.ends_first = !m->plan.gate || json_is_true(json_object_get(o, "ends_first"));
	m->plan.lazy = json_is_true(json_object_get(o, "lazy"));
	m->plan.keep_silent = json_is_true(json_object_get(o, "keep_silent"));
	m->plan.keep_images = json_is_true(json_object_get(o, "keep_images"));
	src->tcp_established = json_is_true(json_object_get(o, "tcp_established"));
	src->tcp_close = !src->tcp_established;
	src->file_locks = json_is_true(json_object_get(o, "file_locks"));
	src->ext_unix_sk = json_is_true(json_object_get(o, "ext_unix_sk"));
	src->shell_job = json_is_true(json_object_get(o, "shell_job"));
	src->network_lock_skip = json_is_true(json_object_get(o, "network_lock_skip"));
	src->own_network = json_is_true(json_object_get(o, "own_network"));
	*dst = *src;
	return read_transport(o, m, err) < 0 || read_quota(o, m, err) < 0 ||
			       json_get_uint(o, "move", "destination_runc", &dst->runc, err) < 0 ||
			       json_get_uint(o, "move", "destination_criu", &dst->criu, err) < 0
		       ? -1
		       : 0;
}

/* The journal's place is no proof: root runs, restores and removes what it names. */
static int check_is_of(const struct move *m, const struct bundle *bundle, struct err *err)
{
	if (strcmp(m->bundle.name, bundle->name) == 0 && strcmp(m->bundle.dir, bundle->dir) == 0)
		return 0;
	(void)err_set(err, EXIT_FAILED, "move: it is of '%s' in '%s', and lies in '%s'",
		      m->bundle.name, m->bundle.dir, bundle->dir);
	return err_append(err, "where that is the same directory by another path, give that as "
			       "--bundle-root");
}

/* A generation: one that this checkpoint writes, or one that a restore reads. */
static bool is_generation(const struct move *m, const char *images)
{
	CLEANUP_FREE char *above = str_fmt("%s/" BUNDLE_GENERATIONS "/", m->bundle.dir);
	CLEANUP_FREE char *own = str_fmt("%s.%s", above, m->id);
	struct err unused = ERR_INIT;

	if (m->kind == MOVE_RESTORE)
		return str_starts(images, above) &&
		       name_check_id(images + strlen(above), &unused) == 0;
	return m->kind == MOVE_CHECKPOINT && m->plan.leave_running && strcmp(images, own) == 0;
}

static int read_images(const json_t *o, struct move *m, struct err *err)
{
	CLEANUP_FREE char *images = NULL;
	CLEANUP_FREE char *checkpoint = str_fmt("%s/" BUNDLE_CHECKPOINT, m->bundle.dir);

	if (json_get_string(o, "move", "images", &images, err) < 0)
		return -1;
	if (images && strcmp(images, m->image_dir) != 0 && strcmp(images, checkpoint) != 0 &&
	    !is_generation(m, images))
		return err_set(err, EXIT_FAILED, "move.images: not those of the move");
	if (images)
		str_set(&m->image_dir, images);
	return 0;
}

int move_from_json(const json_t *object, const struct bundle *bundle, const struct config *config,
		   const struct events *events, struct move **ret, struct err *err)
{
	struct move *m = mem_new(1, sizeof(*m));
	size_t n_source = 0, n_destination = 0;

	*ret = m;
	m->events = events;
	m->progress.start_us = clock_now_us();
	m->summary.outage_ms = m->summary.freeze_ms = m->summary.freeze_start_ms = -1;
	m->summary.total_ms = m->summary.predicted_freeze_ms = -1;
	m->summary.drain_ms = m->summary.stall_ms = -1;
	if (read_names(object, m, err) < 0 || check_is_of(m, bundle, err) < 0 ||
	    read_options(object, m, err) < 0 ||
	    read_addresses(object, "source_addresses", m->side[SOURCE].addresses, &n_source, err) <
		    0 ||
	    read_addresses(object, "destination_addresses", m->side[DESTINATION].addresses,
			   &n_destination, err) < 0)
		return -1;
	if (warnings_read(json_object_get(object, "warnings"), &m->summary.warnings, err) < 0)
		return -1;
	if (n_source != n_destination)
		return err_set(err, EXIT_FAILED, "move: the addresses do not match");
	for (size_t i = 0; i < n_source; i++)
		if (!*m->side[DESTINATION].addresses[i].device)
			return err_set(err, EXIT_FAILED,
				       "move.destination_addresses: '%s' has no device",
				       m->side[DESTINATION].addresses[i].ip);
	m->bundle.n_addresses = n_source;
	str_set(&m->summary.container, m->bundle.name);
	str_set(&m->summary.source, m->side[SOURCE].name);
	str_set(&m->summary.destination, m->side[DESTINATION].name);
	str_set(&m->summary.strategy, strategy_name(m->plan.strategy));
	if (m->kind == MOVE_WHOLE)
		str_set(&m->summary.way_back, move_way_back(m));
	move_name_things(m);
	if (read_images(object, m, err) < 0)
		return -1;
	if (move_connect(m, config, err) < 0)
		return -1;
	move_set_sides(m);
	return 0;
}
