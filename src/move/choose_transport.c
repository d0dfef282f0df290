/* SPDX-License-Identifier: MIT */
/* The transport of a move: the one that was asked for, or what the hosts can do instead. */
#include <stdlib.h>
#include <string.h>

#include "cmigrate/check/check.h"
#include "part.h"

/* Room beside the memory itself: small images, logs, and what other moves and programs write. */
#define ROOM_EXTRA (64ULL << 20)
/* More than any container has, and little enough that no sum below overflows. */
#define MEMORY_MAX (UINT64_MAX / 8)

static int resolve_encrypt(struct move *m, const struct config *config,
			   const struct move_opts *opts, struct err *err)
{
	const char *said = opts->encrypt       ? opts->encrypt
			   : m->bundle.encrypt ? m->bundle.encrypt
			   : config->encrypt   ? config->encrypt
					       : encrypt_words[ENCRYPT_IF_POSSIBLE];

	return encrypt_parse(said, &m->plan.encrypt)
		       ? 0
		       : err_set(err, EXIT_USAGE, "encrypt '%s' is not known", said);
}

int move_resolve_transport(struct move *m, const struct config *config,
			   const struct move_opts *opts, struct err *err)
{
	const char *said = opts->transport	 ? opts->transport
			   : m->bundle.transport ? m->bundle.transport
			   : config->transport	 ? config->transport
						 : "shared";

	if (!transport_parse(said, &m->plan.transport))
		return err_set(err, EXIT_USAGE, "transport '%s' is not known", said);
	if (m->kind != MOVE_WHOLE)
		m->plan.transport = TRANSPORT_SHARED;
	return resolve_encrypt(m, config, opts, err);
}

/* The moves of a batch are numbered, so that they try different ports first. */
static unsigned first_port(const struct move *m)
{
	const char *number = getenv(MOVE_NUMBER_ENV);
	unsigned long n = number ? strtoul(number, NULL, 10) : strtoul(m->tag, NULL, 16);

	return (unsigned)(n % PAGE_PORTS);
}

void move_name_page_server(struct move *m, const char *server, const char *client)
{
	m->page_server.tunnel = m->plan.encrypt != ENCRYPT_OFF;
	str_set(&m->page_server.server, m->page_server.tunnel ? PAGE_LOOPBACK : server);
	str_set(&m->page_server.client, m->page_server.tunnel ? PAGE_LOOPBACK : client);
	m->page_server.port = PAGE_PORT_FIRST + first_port(m);
}

/*
 * Everything that is sent lies in /run; in pre-copy that includes changes between passes. /run is
 * memory, and the restored container needs its own beside it.
 */
static bool has_room(const struct move *m)
{
	uint64_t memory = m->summary.memory_bytes;
	uint64_t sent = (move_is_pre_copy(m) ? 2 : 1) * memory + ROOM_EXTRA;

	return facts_uint(&m->side[DESTINATION].facts, "run-space") >= sent &&
	       facts_uint(&m->side[DESTINATION].facts, "memory-available") >= sent + memory;
}

/* Why memory can't go straight to the destination, owned by the caller; NULL: it can. */
static char *obstacle(const struct move *m)
{
	uint64_t memory = m->summary.memory_bytes;

	if (move_is_post_copy(m))
		return str_fmt("with %s memory follows the container",
			       strategy_name(m->plan.strategy));
	if (!m->plan.gate || m->side[DESTINATION].options.criu < CRIU_GATE)
		return str_fmt("criu on %s is older than 3.19",
			       m->plan.gate ? m->side[DESTINATION].name : m->side[SOURCE].name);
	if (m->plan.ends_first)
		return str_dup(
			"for a lock that it holds the images must be where both hosts see them");
	if (m->plan.keep_images)
		return str_dup("images that are kept would lack the memory");
	if (m->plan.encrypt == ENCRYPT_OFF &&
	    !check_peers(&m->side[DESTINATION].facts, &m->side[SOURCE].facts, &m->bundle))
		return str_fmt("%s and %s don't know each other's address", m->side[SOURCE].name,
			       m->side[DESTINATION].name);
	if (!memory || memory > MEMORY_MAX)
		return str_dup("it is not known how much memory the container has");
	if (has_room(m))
		return NULL;
	CLEANUP_FREE char *size = check_size(memory);
	return str_fmt("%s has no room in /run or its memory for %s beside the container itself",
		       m->side[DESTINATION].name, size);
}

/* The tunnel goes where ssh goes. */
static void tell_network(const struct move *m)
{
	const struct host *src = m->side[SOURCE].host, *dst = m->side[DESTINATION].host;

	if (m->page_server.tunnel && (src->migration_address || dst->migration_address))
		event_note(m->events,
			   "memory goes by the addresses of ssh: migration_address is for "
			   "--encrypt off");
}

void move_settle_transport(struct move *m)
{
	CLEANUP_FREE char *why = move_is_direct(m) ? obstacle(m) : NULL;

	if (why)
		event_note(m->events, "not straight to %s: %s; by the shared directory instead",
			   m->side[DESTINATION].name, why);
	if (why)
		m->plan.transport = TRANSPORT_SHARED;
	if (m->plan.bandwidth && !pace_applies(m) && m->kind == MOVE_WHOLE)
		event_note(m->events, "--bandwidth limits memory that goes straight from host to "
				      "host, not what goes through the shared directory");
	if (move_is_direct(m))
		move_name_page_server(m, facts_get(&m->side[SOURCE].facts, "peer"),
				      facts_get(&m->side[SOURCE].facts, "peer-from"));
	tell_network(m);
}
