/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/container/bundle.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define HEAD "{\"ociVersion\":\"1.0.2\",\"process\":{\"terminal\":false}"

static int parse(struct bundle *b, const char *text, struct err *err)
{
	assert_int_equal(bundle_init(b, "/runc/containers", "rhel7-httpd", err), 0);
	return bundle_parse(b, text, strlen(text), err);
}

static void a_name_makes_a_directory(void **state)
{
	struct err err = ERR_INIT;
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_init(&b, "/runc/containers", "rhel7-httpd", &err), 0);
	assert_string_equal(b.name, "rhel7-httpd");
	assert_string_equal(b.dir, "/runc/containers/rhel7-httpd");
	bundle_clear(&b);
	assert_null(b.dir);
	bundle_clear(&b);
	assert_int_equal(bundle_init(&b, "/runc/containers", "../etc", &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
}

/* Shortened output of `generate`. */
static void every_setting_is_read(void **state)
{
	struct err err = ERR_INIT;
	struct bundle b;

	(void)state;
	assert_int_equal(
		parse(&b,
		      "{\"ociVersion\":\"1.0.2\",\"process\":{\"terminal\":true},\"annotations\":{"
		      "\"org.cmigrate.endpoint\":\"http://192.0.2.7/ tcp://192.0.2.7:80\","
		      "\"org.cmigrate.address\":\"192.0.2.7/24@eth0,2001:db8::7\","
		      "\"org.cmigrate.strategy\":\"cold\",\"org.cmigrate.tcp\":\"close\","
		      "\"org.cmigrate.transport\":\"direct\","
		      "\"org.cmigrate.encrypt\":\"off\","
		      "\"org.cmigrate.group\":\"web:together\","
		      "\"org.cmigrate.hosts\":\"!rhel03 !rhel04\","
		      "\"org.cmigrate.timeout\":\"7\",\"org.cmigrate.max-downtime\":\"250\","
		      "\"org.cmigrate.if-slow\":\"post-copy\","
		      "\"org.cmigrate.criu\":\"--file-locks --ghost-limit 4M\","
		      "\"com.example.other\":\"any thing\"},"
		      "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},"
		      "{\"type\":\"network\",\"path\":\"/run/netns/web\"}]},"
		      "\"mounts\":[{\"type\":\"proc\",\"source\":\"proc\"},"
		      "{\"type\":\"bind\",\"source\":\"/srv/www\"},"
		      "{\"source\":\"/srv/logs\",\"options\":[\"rw\",\"rbind\"]},"
		      "{\"source\":\"relative\",\"options\":[\"bind\"]},"
		      "{\"type\":\"tmpfs\",\"source\":\"/tmp\"}]}",
		      &err),
		0);
	assert_int_equal(b.endpoints.n, 2);
	assert_string_equal(b.endpoints.v[1], "tcp://192.0.2.7:80");
	assert_int_equal(b.n_addresses, 2);
	assert_string_equal(b.addresses[0].device, "eth0");
	assert_int_equal(b.addresses[0].prefix, 24);
	assert_true(b.addresses[1].v6);
	assert_string_equal(b.strategy, "cold");
	assert_string_equal(b.transport, "direct");
	assert_string_equal(b.encrypt, "off");
	assert_string_equal(b.tcp, "close");
	assert_int_equal(b.timeout, 7);
	assert_int_equal(b.max_downtime_ms, 250);
	assert_string_equal(b.if_slow, "post-copy");
	assert_int_equal(b.criu_flags.n, 3);
	assert_string_equal(b.criu_flags.v[2], "4M");
	assert_false(b.host_network);
	assert_string_equal(b.netns, "/run/netns/web");
	assert_int_equal(b.binds.n, 2);
	assert_string_equal(b.binds.v[0], "/srv/www");
	assert_string_equal(b.binds.v[1], "/srv/logs");
	assert_true(b.terminal);
	assert_null(b.hooks);
	assert_string_equal(b.rule.group, "web");
	assert_true(b.rule.together);
	assert_false(place_rule_allows(&b.rule, "rhel04"));
	assert_false(place_rule_allows(&b.rule, "root@rhel04"));
	assert_true(place_rule_allows(&b.rule, "rhel05"));
	bundle_clear(&b);
}

static void hooks(void **state)
{
	static const struct {
		const char *text, *hooks;
	} rows[] = {
		{HEAD ",\"hooks\":{}}", NULL},
		{HEAD ",\"hooks\":7}", NULL},
		{HEAD ",\"hooks\":{\"prestart\":[],\"poststop\":{}}}", NULL},
		{HEAD ",\"hooks\":{\"poststop\":[{\"path\":\"/b\"}],\"other\":[1],"
		      "\"prestart\":[{\"path\":\"/a\"},{}]}}",
		 "prestart, poststop"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bundle b = {.dir = str_dup("/b/web")};
		struct err err = ERR_INIT;
		assert_int_equal(bundle_parse(&b, rows[i].text, strlen(rows[i].text), &err), 0);
		assert_int_equal(!!b.hooks, !!rows[i].hooks);
		if (b.hooks)
			assert_string_equal(b.hooks, rows[i].hooks);
		bundle_clear(&b);
	}
}

static void a_minimal_file_is_enough(void **state)
{
	static const struct {
		const char *text;
		bool host_network;
	} rows[] = {
		{HEAD "}", true},
		{HEAD ",\"linux\":{}}", true},
		{HEAD ",\"linux\":{\"namespaces\":[]}}", true},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]},\"mounts\":[]}", true},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"network\"}]}}", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		struct bundle b;
		assert_int_equal(parse(&b, rows[i].text, &err), 0);
		assert_int_equal(b.host_network, rows[i].host_network);
		assert_null(b.netns);
		assert_int_equal(b.n_addresses + b.endpoints.n + b.binds.n, 0);
		assert_false(b.terminal);
		bundle_clear(&b);
	}
}

static void errors_name_the_place(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"", "'/runc/containers/rhel7-httpd/config.json'"},
		{"[]", "/config.json"},
		{"{}", "no 'process'"},
		{"{\"process\":{}}", "no 'ociVersion'"},
		{"{\"ociVersion\":1,\"process\":{}}", "no 'ociVersion'"},
		{"{\"ociVersion\":\"1\",\"process\":[]}", "process"},
		{HEAD ",\"annotations\":[]}", "annotations"},
		{HEAD ",\"annotations\":{\"a\":1}}", "annotation 'a' is not a string"},
		{HEAD ",\"annotations\":{\"org.cmigrate.adress\":\"192.0.2.7\"}}",
		 "org.cmigrate.address"},
		{HEAD ",\"annotations\":{\"org.cmigrate.address\":\"nowhere\"}}",
		 "is not an IP address"},
		{HEAD ",\"annotations\":{\"org.cmigrate.tcp\":\"maybe\"}}", "maybe"},
		{HEAD ",\"annotations\":{\"org.cmigrate.group\":\"web:near\"}}", "web:near"},
		{HEAD ",\"annotations\":{\"org.cmigrate.group\":\":spread\"}}", "NAME:spread"},
		{HEAD ",\"annotations\":{\"org.cmigrate.hosts\":\"a,!b\"}}",
		 "with and without '!'"},
		{HEAD ",\"annotations\":{\"org.cmigrate.hosts\":\" \"}}", "it is empty"},
		{HEAD ",\"annotations\":{\"org.cmigrate.hosts\":\"!\"}}", "host is empty"},
		{HEAD ",\"annotations\":{\"org.cmigrate.timeout\":\"-1\"}}", "-1"},
		{HEAD ",\"linux\":7}", "linux"},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":7}]}}", "linux.namespaces"},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"network\",\"path\":\"a\"}]}}",
		 "is not absolute"},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"network\",\"path\":\"/a/../b\"}]}}",
		 "has a '..'"},
		{HEAD ",\"mounts\":{}}", "'mounts' is not a list"},
		{HEAD ",\"mounts\":[7]}", "not an object"},
		{HEAD ",\"mounts\":[{\"source\":7}]}", "mounts"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		struct bundle b;
		assert_int_equal(parse(&b, rows[i].text, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].message))
			fail_msg("'%s' says '%s'", rows[i].text, err.msg);
		bundle_clear(&b);
	}
}

static void addresses_are_added(void **state)
{
	struct err err = ERR_INIT;
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_init(&b, "/r", "c", &err), 0);
	assert_int_equal(bundle_add_addresses(&b, "192.0.2.1, 192.0.2.2\t2001:db8::3,", &err), 0);
	assert_int_equal(b.n_addresses, 3);
	assert_int_equal(bundle_add_addresses(&b, "", &err), 0);
	assert_int_equal(b.n_addresses, 3);
	assert_int_equal(bundle_add_addresses(&b, "192.0.2.4 x", &err), -1);
	assert_int_equal(
		bundle_add_addresses(&b, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5", &err), -1);
	assert_int_equal(b.n_addresses, ADDRESSES_MAX);
	assert_non_null(strstr(err.msg, "more than 8"));
	bundle_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_makes_a_directory),
		cmocka_unit_test(every_setting_is_read),
		cmocka_unit_test(a_minimal_file_is_enough),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(hooks),
		cmocka_unit_test(addresses_are_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
