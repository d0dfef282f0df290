/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "move/part.h"

#define SOURCE_FACTS "peer=192.0.2.2\npeer-from=192.0.2.1\n"
#define DESTINATION_FACTS "peer=192.0.2.1\npeer-from=192.0.2.2\n"
#define MIB(n) ((uint64_t)(n) << 20)

static const struct config no_config = {.bundle_root = NULL};

static void note(void *ctx, const struct event *event)
{
	str_set(ctx, event->text);
}

static struct move *make(const char *strategy, const char *source, const char *destination)
{
	struct move *m = mem_new(1, sizeof(*m));

	m->plan.transport = TRANSPORT_DIRECT;
	m->plan.gate = true;
	assert_true(strategy_parse(strategy, &m->plan.strategy));
	m->side[SOURCE].name = str_dup("rhel01");
	m->side[DESTINATION].name = str_dup("rhel02");
	m->side[DESTINATION].options.criu = CRIU_GATE;
	m->plan.encrypt = ENCRYPT_OFF;
	m->summary.memory_bytes = MIB(100);
	memcpy(m->tag, "00000005", 8);
	facts_parse(&m->side[SOURCE].facts, source);
	facts_parse(&m->side[DESTINATION].facts, destination);
	return m;
}

/* The room that a cold move of 100 MiB needs, and no more. */
#define ROOM "run-space=171966464\nmemory-available=276824064\n"
#define LESS_RUN "run-space=171966463\nmemory-available=276824064\n"
#define LESS_MEMORY "run-space=171966464\nmemory-available=276824063\n"
/* The same of pre-copy. */
#define MORE_ROOM "run-space=276824064\nmemory-available=381681664\n"

static void expect(struct move *m, const char *wanted)
{
	CLEANUP_FREE char *said = NULL;
	struct events events = {note, &said};

	m->events = &events;
	move_settle_transport(m);
	if (wanted && (!said || !strstr(said, wanted) || move_is_direct(m)))
		fail_msg("direct %d, '%s' not in '%s'", move_is_direct(m), wanted,
			 said ? said : "");
	if (!wanted && (said || !move_is_direct(m)))
		fail_msg("direct %d: %s", move_is_direct(m), said ? said : "");
	move_set_sides(m);
	if (move_is_direct(m))
		assert_string_equal(m->side[SOURCE].options.page_server, m->page_server.server);
	else
		assert_null(m->side[SOURCE].options.page_server);
	move_free(m);
}

static void straight(void **state)
{
	struct move *m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	struct events silent = {NULL, NULL};

	(void)state;
	m->events = &silent;
	move_settle_transport(m);
	assert_true(move_is_direct(m));
	/* The page server is on the destination. */
	assert_string_equal(m->page_server.server, "192.0.2.2");
	assert_int_equal(m->page_server.port, 27005);
	assert_string_equal(m->page_server.client, "192.0.2.1");
	move_free(m);
	expect(make("pre-copy", SOURCE_FACTS, DESTINATION_FACTS MORE_ROOM), NULL);
}

/* The tunnel needs no address of either host. */
static void encrypted(void **state)
{
	for (int network = 0; network < 2; network++) {
		struct move *m = make("cold", "", ROOM);
		CLEANUP_FREE char *said = NULL;
		struct events events = {note, &said};
		(void)state;
		m->events = &events;
		m->plan.encrypt = ENCRYPT_IF_POSSIBLE;
		for (int i = 0; i < SIDES; i++)
			m->side[i].host = host_new(m->side[i].name, NULL, NULL, NULL);
		if (network)
			m->side[SOURCE].host->migration_address = str_dup("192.0.2.1");
		move_settle_transport(m);
		assert_true(move_is_direct(m));
		assert_true(m->page_server.tunnel);
		assert_string_equal(m->page_server.server, "127.0.0.1");
		assert_int_equal(m->page_server.port, 27005);
		assert_int_equal(said && strstr(said, "migration_address is for --encrypt off"),
				 network);
		move_free(m);
	}
}

static void option_annotation_configuration(void **state)
{
	static char off[] = "off", required[] = "required", possible[] = "if-possible";
	const struct {
		char *option, *annotation, *config;
		enum encrypt is;
	} rows[] = {
		{NULL, NULL, NULL, ENCRYPT_IF_POSSIBLE},
		{NULL, NULL, off, ENCRYPT_OFF},
		{NULL, required, off, ENCRYPT_REQUIRED},
		{possible, required, off, ENCRYPT_IF_POSSIBLE},
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct config config = {.encrypt = rows[i].config};
		const struct move_opts opts = {.encrypt = rows[i].option};
		struct move m = {.bundle = {.encrypt = rows[i].annotation}};
		assert_int_equal(move_resolve_transport(&m, &config, &opts, &err), 0);
		assert_int_equal(m.plan.encrypt, rows[i].is);
	}
}

/* CRIU's configuration is written before pre-copy may become hybrid. */
static void where_criu_listens(void **state)
{
	static const struct {
		const char *strategy;
		enum encrypt encrypt;
		const char *address;
	} rows[] = {
		{"pre-copy", ENCRYPT_REQUIRED, "127.0.0.1"},
		{"pre-copy", ENCRYPT_OFF, NULL},
		{"hybrid", ENCRYPT_IF_POSSIBLE, "127.0.0.1"},
		{"post-copy", ENCRYPT_IF_POSSIBLE, "127.0.0.1"},
		{"post-copy", ENCRYPT_OFF, "192.0.2.1"},
		{"cold", ENCRYPT_REQUIRED, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move *m = make(rows[i].strategy, SOURCE_FACTS, DESTINATION_FACTS ROOM);
		m->plan.transport = TRANSPORT_SHARED;
		m->plan.encrypt = rows[i].encrypt;
		if (move_is_post_copy(m))
			move_find_pages(m);
		move_set_sides(m);
		const char *got = m->side[SOURCE].options.page_listen;
		assert_string_equal(got ? got : "none", rows[i].address ? rows[i].address : "none");
		move_free(m);
	}
}

/* Two containers' names may lead to one port; not those of one batch. */
static void ports_of_a_batch(void **state)
{
	unsigned ports[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct move *m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
		assert_int_equal(setenv(MOVE_NUMBER_ENV, i ? "70001" : "70000", 1), 0);
		move_name_page_server(m, "192.0.2.2", "192.0.2.1");
		ports[i] = m->page_server.port;
		move_free(m);
	}
	assert_int_equal(unsetenv(MOVE_NUMBER_ENV), 0);
	assert_int_equal(ports[1], ports[0] + 1);
}

static void by_the_shared_directory(void **state)
{
	static const struct {
		const char *strategy, *source, *destination, *wanted;
	} rows[] = {
		{"post-copy", SOURCE_FACTS, DESTINATION_FACTS ROOM,
		 "with post-copy memory follows"},
		{"hybrid", SOURCE_FACTS, DESTINATION_FACTS ROOM, "with hybrid memory follows"},
		{"cold", "", DESTINATION_FACTS ROOM,
		 "rhel01 and rhel02 don't know each other's address"},
		{"cold", SOURCE_FACTS, ROOM, "don't know each other's address"},
		{"cold", "peer=192.0.2.3\npeer-from=192.0.2.1\n", DESTINATION_FACTS ROOM,
		 "don't know each other's address"},
		{"cold", "peer=192.0.2.2\npeer-from=192.0.2.3\n", DESTINATION_FACTS ROOM,
		 "don't know each other's address"},
		{"cold", "peer=x\npeer-from=192.0.2.1\n", "peer=192.0.2.1\npeer-from=x\n" ROOM,
		 "don't know each other's address"},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS LESS_RUN, "rhel02 has no room in /run"},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS LESS_MEMORY, "rhel02 has no room in /run"},
		{"cold", SOURCE_FACTS, DESTINATION_FACTS, "rhel02 has no room in /run"},
		{"pre-copy", SOURCE_FACTS, DESTINATION_FACTS ROOM, "rhel02 has no room in /run"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(make(rows[i].strategy, rows[i].source, rows[i].destination), rows[i].wanted);
}

static void by_what_is_asked_for(void **state)
{
	struct move *m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);

	(void)state;
	m->plan.gate = false;
	expect(m, "criu on rhel01 is older than 3.19");
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	m->side[DESTINATION].options.criu = CRIU_GATE - 1;
	expect(m, "criu on rhel02 is older than 3.19");
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	m->plan.keep_images = true;
	expect(m, "images that are kept would lack the memory");
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	m->plan.ends_first = true;
	expect(m, "the images must be where both hosts see them");
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	m->summary.memory_bytes = 0;
	expect(m, "not known how much memory");
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS "run-space=18446744073709551615\n");
	m->summary.memory_bytes = UINT64_MAX;
	expect(m, "not known how much memory");
	/* It leaves the source while memory is sent from it. */
	m = make("cold", SOURCE_FACTS, DESTINATION_FACTS ROOM);
	memcpy(m->bundle.addresses[0].ip, "192.0.2.1", sizeof("192.0.2.1"));
	m->bundle.n_addresses = 1;
	expect(m, "don't know each other's address");
}

/* The command line wins over the annotation, that over the configuration. */
static void who_says_it(void **state)
{
	static const struct {
		char *option, *annotation, *config;
		bool direct;
	} rows[] = {
		{NULL, NULL, NULL, false},
		{NULL, NULL, "direct", true},
		{NULL, "shared", "direct", false},
		{NULL, "direct", "shared", true},
		{"shared", "direct", "direct", false},
		{"direct", "shared", "shared", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct move m = {.bundle = {.transport = rows[i].annotation}};
		struct move_opts opts = {.transport = rows[i].option};
		struct config config = {.transport = rows[i].config};
		struct err err = ERR_INIT;
		assert_int_equal(move_resolve_transport(&m, &config, &opts, &err), 0);
		assert_int_equal(move_is_direct(&m), rows[i].direct);
		/* A half alone has nobody to send to. */
		m.kind = MOVE_CHECKPOINT;
		assert_int_equal(move_resolve_transport(&m, &config, &opts, &err), 0);
		assert_false(move_is_direct(&m));
	}
	struct move m = {.kind = MOVE_WHOLE};
	struct move_opts opts = {.transport = "nfs"};
	struct err err = ERR_INIT;
	assert_int_equal(move_resolve_transport(&m, &no_config, &opts, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(straight),
		cmocka_unit_test(encrypted),
		cmocka_unit_test(where_criu_listens),
		cmocka_unit_test(option_annotation_configuration),
		cmocka_unit_test(ports_of_a_batch),
		cmocka_unit_test(by_the_shared_directory),
		cmocka_unit_test(by_what_is_asked_for),
		cmocka_unit_test(who_says_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
