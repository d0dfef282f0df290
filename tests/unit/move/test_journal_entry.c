/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/move/step_tables.h"

static const struct config no_config = {.bundle_root = NULL};
static const struct bundle web = {.name = (char[]){"web"}, .dir = (char[]){"/b/web"}};

/* A journal's object with other members in it; quotes are written as '. */
static json_t *object_with(const char *members)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
			      "20240506T070809-0a1b2c3d", "name", "web", "bundle", "/b/web",
			      "source", "rhel01", "destination", "rhel02", "strategy", "cold",
			      "images", "/b/web/.cmigrate/images-20240506T070809-0a1b2c3d");
	CLEANUP_FREE char *text = str_dup(members);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	json_t *more = json_loads(text, 0, NULL);
	assert_non_null(more);
	assert_int_equal(json_object_update(o, more), 0);
	json_decref(more);
	return o;
}

static struct move *read_back(json_t *object)
{
	struct err err = ERR_INIT;
	struct move *m = NULL;

	if (move_from_json(object, &web, &no_config, NULL, &m, &err) < 0)
		fail_msg("%s", err.msg);
	json_decref(object);
	return m;
}

static void there_and_back(void **state)
{
	struct move *m = read_back(object_with(
		"{'gate':true,'timeout_ms':31000,'dump_timeout_ms':41000,'keep_silent':true,"
		"'keep_images':true,'endpoints':['http://192.0.2.7/','tcp://[2001:db8::7]:80'],"
		"'source_addresses':['192.0.2.7/24@eth0','2001:db8::7/64@eth0'],"
		"'destination_addresses':['192.0.2.7/24@eth1','2001:db8::7/64@eth1'],"
		"'netns':'/run/netns/web',"
		"'warnings':[{'check':'timers','message':'it may stop','remedy':null}],"
		"'tcp_established':true,'file_locks':true,'ext_unix_sk':true,'shell_job':true,"
		"'source_runc':10306,'source_criu':40201,'destination_runc':10101,"
		"'destination_criu':31900,'network_lock_skip':true,'own_network':true,'strategy':'"
		"post-copy',"
		"'ends_first':true,"
		"'page_server':'192.0.2.1','page_client':'192.0.2.3','page_port':27001}"));

	(void)state;
	assert_true(m->plan.gate && m->plan.keep_silent && m->plan.keep_images &&
		    m->plan.ends_first);
	assert_true(move_is_post_copy(m));
	assert_string_equal(m->page_server.server, "192.0.2.1");
	assert_string_equal(m->page_server.client, "192.0.2.3");
	assert_int_equal(m->page_server.port, 27001);
	assert_int_equal(m->plan.timeout_ms, 31000);
	assert_int_equal(m->plan.dump_timeout_ms, 41000);
	assert_int_equal(m->bundle.endpoints.n, 2);
	assert_int_equal(m->bundle.n_addresses, 2);
	assert_string_equal(m->side[SOURCE].addresses[1].device, "eth0");
	assert_string_equal(m->side[DESTINATION].addresses[0].device, "eth1");
	assert_int_equal(m->side[DESTINATION].addresses[1].prefix, 64);
	assert_true(m->side[DESTINATION].addresses[1].v6);
	assert_true(m->side[SOURCE].options.tcp_established && !m->side[SOURCE].options.tcp_close);
	assert_true(m->side[DESTINATION].options.file_locks &&
		    m->side[DESTINATION].options.ext_unix_sk &&
		    m->side[DESTINATION].options.own_network);
	assert_int_equal(m->side[SOURCE].options.criu, 40201);
	assert_int_equal(m->side[DESTINATION].options.runc, 10101);
	assert_int_equal(m->side[DESTINATION].options.criu, 31900);
	assert_string_equal(m->summary.destination, "rhel02");
	assert_int_equal(m->summary.warnings.n, 1);
	/* Or a second recovery could not end the agents of the first. */
	assert_string_equal(m->side[SOURCE].host->serves, m->id);
	assert_string_equal(m->side[DESTINATION].host->serves, m->id);
	/* Nothing gets lost, or a second recovery would do other things than the first. */
	json_t *first = move_json(m), *second;
	struct move *again = read_back(json_incref(first));
	second = move_json(again);
	assert_true(json_equal(first, second));
	assert_string_equal(again->tag, m->tag);
	assert_string_equal(again->work_dir, m->work_dir);
	json_decref(first);
	json_decref(second);
	move_free(m);
	move_free(again);
}

/* Where its memory went decides which images can be believed. */
static void straight_there(void **state)
{
	struct move *m =
		read_back(object_with("{'gate':true,'transport':'direct','page_server':'192.0.2.2',"
				      "'page_client':'192.0.2.1','page_port':27001}"));
	json_t *o = move_json(m);
	struct side *src = &m->side[SOURCE], *dst = &m->side[DESTINATION];

	(void)state;
	assert_true(move_is_direct(m));
	assert_string_equal(json_string_value(json_object_get(o, "transport")), "direct");
	assert_null(src->runtime.pages);
	assert_string_equal(dst->runtime.pages, "/run/cmigrate/web/pages");
	json_decref(o);
	move_free(m);
	/* Of before there was a choice, and by the shared directory. */
	m = read_back(object_with("{}"));
	assert_false(move_is_direct(m));
	dst = &m->side[DESTINATION];
	assert_null(dst->runtime.pages);
	move_free(m);
	m = read_back(object_with("{'transport':'shared'}"));
	assert_false(move_is_direct(m) || m->plan.lazy);
	move_free(m);
	m = read_back(object_with("{'gate':true,'lazy':true}"));
	assert_true(m->plan.lazy && strategy_of(m) == &strategy_cold_lazy);
	move_free(m);
}

/* How requests name the images follows from their place. */
static void generations(void **state)
{
	struct move *m =
		read_back(object_with("{'kind':1,'gate':true,'leave_running':true,'keep':3,"
				      "'images':'/b/web/checkpoints/.20240506T070809-0a1b2c3d'}"));

	(void)state;
	assert_true(strategy_of(m) == &strategy_generation && m->plan.keep == 3);
	assert_string_equal(m->side[SOURCE].runtime.images_of, "new-20240506T070809-0a1b2c3d");
	json_t *o = move_json(m);
	assert_int_equal(json_integer_value(json_object_get(o, "keep")), 3);
	json_decref(o);
	move_free(m);
	m = read_back(
		object_with("{'kind':2,'images':'/b/web/checkpoints/20240506T070809-00000000'}"));
	assert_string_equal(m->side[DESTINATION].runtime.images_of, "at-20240506T070809-00000000");
	move_free(m);
	m = read_back(object_with("{'kind':2,'images':'/b/web/checkpoint'}"));
	assert_string_equal(m->side[DESTINATION].runtime.images_of, "checkpoint");
	move_free(m);
	m = read_back(object_with("{}"));
	assert_string_equal(m->side[DESTINATION].runtime.images_of, "move");
	move_free(m);
}

static void little(void **state)
{
	struct move *m = read_back(object_with("{}"));

	(void)state;
	assert_false(m->plan.gate || m->plan.keep_silent);
	/* Without a gate it can't be otherwise. */
	assert_true(m->plan.ends_first);
	assert_int_equal(m->plan.timeout_ms, 30000);
	assert_true(m->side[SOURCE].options.tcp_close);
	assert_false(move_has_address(m));
	move_free(m);
}

static void what_is_wrong(void **state)
{
	static const char *const rows[] = {
		"{'id':1}",
		"{'id':'../x'}",
		"{'id':'0123456789012345678901234567890123456789'}",
		"{'name':'x;reboot'}",
		"{'name':'-x'}",
		"{'bundle':'relative'}",
		"{'bundle':'/a/../b'}",
		"{'images':'x'}",
		/* Of another container, by another path, other images: all would be obeyed. */
		"{'id':'.+'}",
		"{'name':'db'}",
		"{'bundle':'/b/db','images':'/b/db/.cmigrate/images-20240506T070809-0a1b2c3d'}",
		"{'bundle':'/etc','images':'/etc/ssh'}",
		"{'images':'/b/web/rootfs'}",
		"{'images':'/b/web/.cmigrate/images-20240506T070809-00000000'}",
		/* A restore reads a generation, a checkpoint writes its own. */
		"{'images':'/b/web/checkpoints/20240506T070809-0a1b2c3d'}",
		"{'kind':2,'images':'/b/web/checkpoints/.20240506T070809-0a1b2c3d'}",
		"{'kind':2,'images':'/b/web/checkpoints/../../db'}",
		"{'kind':1,'images':'/b/web/checkpoints/.20240506T070809-0a1b2c3d'}",
		"{'kind':1,'leave_running':true,'images':'/b/web/checkpoints/"
		".20240506T070809-00000000'}",
		"{'kind':1,'leave_running':true,'images':'/b/web/checkpoints/"
		"20240506T070809-0a1b2c3d'}",
		"{'source':'-oProxyCommand=x'}",
		"{'destination':'a b'}",
		"{'source':1}",
		"{'timeout_ms':-1}",
		"{'timeout_ms':'1'}",
		"{'endpoints':'http://x/'}",
		"{'endpoints':['file:///etc/passwd']}",
		"{'page_server':'192.0.2.3; add table x'}",
		"{'page_client':'x'}",
		"{'netns':'../x'}",
		"{'quota':'-1'}",
		"{'quota':'1 2'}",
		"{'gate':true,'transport':'x','page_server':'192.0.2.2','page_client':'192.0.2.1'}",
		"{'gate':true,'transport':1,'page_server':'192.0.2.2','page_client':'192.0.2.1'}",
		"{'gate':true,'transport':'direct','page_server':'192.0.2.2'}",
		"{'gate':true,'transport':'direct','page_server':'x','page_client':'192.0.2.1'}",
		"{'transport':'direct','page_server':'192.0.2.2','page_client':'192.0.2.1'}",
		"{'gate':true,'strategy':'hybrid','transport':'direct','page_server':'192.0.2.2',"
		"'page_client':'192.0.2.1'}",
		"{'source_addresses':['192.0.2.7/24@eth0']}",
		"{'source_addresses':['192.0.2.7/24'],'destination_addresses':['192.0.2.7/24']}",
		"{'source_addresses':['x@eth0'],'destination_addresses':['x@eth0']}",
		"{'source_addresses':['::1@a','::1@a','::1@a','::1@a','::1@a','::1@a','::1@a','::1@"
		"a',"
		"'::1@a']}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		json_t *o = object_with(rows[i]);
		struct err err = ERR_INIT;
		struct move *m = NULL;
		if (move_from_json(o, &web, &no_config, NULL, &m, &err) == 0)
			fail_msg("taken: %s", rows[i]);
		if (!*err.msg || err.code == EXIT_DONE)
			fail_msg("%s: code %d, '%s'", rows[i], (int)err.code, err.msg);
		move_free(m);
		json_decref(o);
	}
}

static void names_that_are_missing(void **state)
{
	static const char *const keys[] = {"id",     "name",	    "bundle",
					   "source", "destination", "strategy"};

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		json_t *o = object_with("{}");
		struct err err = ERR_INIT;
		struct move *m = NULL;
		assert_int_equal(json_object_del(o, keys[i]), 0);
		assert_int_equal(move_from_json(o, &web, &no_config, NULL, &m, &err), -1);
		assert_string_equal(err.msg, "move: a name is missing");
		move_free(m);
		json_decref(o);
	}
}

static void swapped(void **state)
{
	struct move *m = read_back(object_with("{'source_addresses':['192.0.2.7/24@eth0'],"
					       "'destination_addresses':['192.0.2.7/24@eth1'],"
					       "'source_runc':10306,'destination_runc':10101}"));

	(void)state;
	move_swap(m);
	assert_string_equal(m->side[SOURCE].name, "rhel02");
	assert_string_equal(m->side[SOURCE].host->name, "rhel02");
	assert_string_equal(m->side[DESTINATION].host->name, "rhel01");
	assert_string_equal(m->side[SOURCE].addresses[0].device, "eth1");
	assert_string_equal(m->side[DESTINATION].addresses[0].device, "eth0");
	assert_int_equal(m->side[SOURCE].options.runc, 10101);
	move_swap(m);
	assert_string_equal(m->side[SOURCE].name, "rhel01");
	assert_int_equal(m->side[SOURCE].options.runc, 10306);
	move_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(straight_there),
		cmocka_unit_test(generations),	  cmocka_unit_test(little),
		cmocka_unit_test(what_is_wrong),  cmocka_unit_test(names_that_are_missing),
		cmocka_unit_test(swapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
