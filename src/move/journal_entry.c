/* SPDX-License-Identifier: MIT */
/* A move as its journal keeps it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/base/fields.h"
#include "cmigrate/base/json.h"
#include "cmigrate/container/generations.h"
#include "part.h"

/* Members that are written and read by their type alone. */
static const struct field move_fields[] = {
	FIELD_AS("leave_running", struct move, plan.leave_running, FIELD_FLAG),
	FIELD_AS("name", struct move, bundle.name, FIELD_TEXT),
	FIELD_AS("bundle", struct move, bundle.dir, FIELD_TEXT),
	FIELD_AS("source", struct move, side[SOURCE].name, FIELD_TEXT),
	FIELD_AS("destination", struct move, side[DESTINATION].name, FIELD_TEXT),
	FIELD_AS("gate", struct move, plan.gate, FIELD_FLAG),
	FIELD_AS("timeout_ms", struct move, plan.timeout_ms, FIELD_UINT),
	FIELD_AS("dump_timeout_ms", struct move, plan.dump_timeout_ms, FIELD_UINT),
	FIELD_AS("keep_silent", struct move, plan.keep_silent, FIELD_FLAG),
	FIELD_AS("keep_images", struct move, plan.keep_images, FIELD_FLAG),
	FIELD_AS("netns", struct move, bundle.netns, FIELD_SAID),
	FIELD_AS("destination_runc", struct move, side[DESTINATION].options.runc, FIELD_UINT),
	FIELD_AS("destination_criu", struct move, side[DESTINATION].options.criu, FIELD_UINT),
	FIELD_AS("page_server", struct move, page_server.server, FIELD_SAID),
	FIELD_AS("page_client", struct move, page_server.client, FIELD_SAID),
	FIELD_AS("page_port", struct move, page_server.port, FIELD_UINT),
	FIELD_AS("ends_first", struct move, plan.ends_first, FIELD_FLAG),
	FIELD_AS("lazy", struct move, plan.lazy, FIELD_FLAG),
	FIELD_AS("group", struct move, bundle.rule.group, FIELD_SAID),
	FIELD_AS("tunnel", struct move, page_server.tunnel, FIELD_FLAG),
	FIELD_AS("keep", struct move, plan.keep, FIELD_UINT),
	{0},
};

/* Options of both sides, and the versions of the source, or of the host of a restore alone. */
static const struct field option_fields[] = {
	FIELD(struct runtime_options, tcp_established, FIELD_FLAG),
	FIELD(struct runtime_options, file_locks, FIELD_FLAG),
	FIELD(struct runtime_options, ext_unix_sk, FIELD_FLAG),
	FIELD(struct runtime_options, shell_job, FIELD_FLAG),
	FIELD(struct runtime_options, network_lock_skip, FIELD_FLAG),
	FIELD(struct runtime_options, own_network, FIELD_FLAG),
	FIELD_AS("source_runc", struct runtime_options, runc, FIELD_UINT),
	FIELD_AS("source_criu", struct runtime_options, criu, FIELD_UINT),
	{0},
};

static json_t *addresses_json(const struct address *addresses, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_sprintf("%s/%d%s%s", addresses[i].ip, addresses[i].prefix,
					   *addresses[i].device ? "@" : "", addresses[i].device));
	return list;
}

json_t *move_json(const struct move *m)
{
	const size_t n = move_leaves_source(m) ? 0 : m->bundle.n_addresses;
	const int side = m->kind == MOVE_RESTORE ? DESTINATION : SOURCE;
	/* NULL if the directory of the images is not UTF-8: that of the bundle is part of it. */
	json_t *entry = json_pack(
		"{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s*}", "kind", (int)m->kind,
		"images", m->image_dir, "id", m->id, "strategy", strategy_name(m->plan.strategy),
		"transport", transport_name(m->plan.transport), "endpoints",
		json_of_words(&m->bundle.endpoints), "source_addresses",
		addresses_json(m->side[SOURCE].addresses, n), "destination_addresses",
		addresses_json(m->side[DESTINATION].addresses, n), "warnings",
		warnings_json(&m->summary.warnings), "quota", *m->quota ? m->quota : NULL);

	if (!entry)
		return NULL;
	(void)fields_json(option_fields, &m->side[side].options, entry);
	return fields_json(move_fields, m, entry);
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
	if (m->plan.lazy && (m->plan.ends_first || move_is_post_copy(m)))
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
	    json_get_string(o, "move", "strategy", &strategy, err) < 0 ||
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

static int read_fields(const json_t *o, struct move *m, struct err *err)
{
	struct runtime_options *src = &m->side[SOURCE].options;

	m->plan.timeout_ms = 30000;
	m->plan.dump_timeout_ms = 60000;
	if (fields_read(option_fields, src, o, "move", err) < 0)
		return -1;
	src->tcp_close = !src->tcp_established;
	m->side[DESTINATION].options = *src;
	if (fields_read(move_fields, m, o, "move", err) < 0)
		return -1;
	m->plan.ends_first = m->plan.ends_first || !m->plan.gate;
	return 0;
}

static int read_kind(const json_t *o, struct move *m, struct err *err)
{
	unsigned kind = MOVE_WHOLE;

	if (json_get_uint(o, "move", "kind", &kind, err) < 0)
		return -1;
	if (kind > MOVE_REHEARSAL)
		return err_set(err, EXIT_FAILED, "move.kind: unknown");
	m->kind = (enum move_kind)kind;
	return 0;
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
	if (read_fields(object, m, err) < 0 || read_names(object, m, err) < 0 ||
	    check_is_of(m, bundle, err) < 0 || read_kind(object, m, err) < 0 ||
	    read_transport(object, m, err) < 0 || read_quota(object, m, err) < 0 ||
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
