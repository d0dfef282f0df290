/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmigrate/host/config.h"
#include "stub.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static struct config parse(const char *text)
{
	struct err err = ERR_INIT;
	struct config c;

	if (config_parse(text, strlen(text), "c.json", &c, &err) < 0)
		fail_msg("%s", err.msg);
	return c;
}

static void every_key(void **state)
{
	struct config c =
		parse("{ \"bundle_root\": \"/srv/b\","
		      "\"ssh\": { \"user\": \"root\", \"options\": [\"-i\", \"/etc/key file\"] },"
		      "\"hosts\": { \"rhel01\": {}, \"rhel02\": { \"ssh\": \"admin@192.0.2.2\","
		      "  \"device\": \"eth1\", \"memory\": \"16G\","
		      "  \"migration_address\": \"FD00:0::2\" } },"
		      "\"move\": { \"strategy\": \"pre-copy\", \"transport\": \"direct\", "
		      "\"timeout\": 31, \"encrypt\": \"required\", "
		      "\"max_downtime_ms\": 301, \"if_slow\": \"abort\", "
		      "\"lazy_from\": \"100M\", \"bandwidth\": \"20M\" },"
		      "\"rebalance\": { \"by\": \"memory\", \"threshold\": 0.3, \"max_moves\": 5, "
		      "\"cooldown\": 600 },"
		      "\"hooks\": { \"pre_move\": [\"a\", \"b c\"], \"post_move\": [\"d\"],"
		      "  \"fence\": [\"f\", \"{host}\"] } }");

	(void)state;
	assert_string_equal(c.bundle_root, "/srv/b");
	assert_string_equal(c.ssh_user, "root");
	assert_int_equal(c.ssh_options.n, 2);
	assert_string_equal(c.ssh_options.v[1], "/etc/key file");
	assert_int_equal(c.n_hosts, 2);
	const struct config_host *h = config_find(&c, "rhel02");
	assert_non_null(h);
	assert_string_equal(h->ssh, "admin@192.0.2.2");
	assert_string_equal(h->device, "eth1");
	assert_string_equal(h->memory, "16G");
	assert_string_equal(h->migration_address, "fd00::2");
	h = config_find(&c, "rhel01");
	assert_null(h->ssh);
	assert_null(h->device);
	assert_null(config_find(&c, "rhel03"));
	assert_string_equal(c.strategy, "pre-copy");
	assert_string_equal(c.transport, "direct");
	assert_string_equal(c.encrypt, "required");
	assert_int_equal(c.timeout, 31);
	assert_int_equal(c.max_downtime_ms, 301);
	assert_string_equal(c.if_slow, "abort");
	assert_int_equal(c.lazy_from, 100ull << 20);
	assert_int_equal(c.bandwidth, 20 << 20);
	assert_string_equal(c.rebalance_by, "memory");
	assert_true(c.rebalance_threshold > 0.29 && c.rebalance_threshold < 0.31);
	assert_int_equal(c.rebalance_max_moves, 5);
	assert_int_equal(c.rebalance_cooldown, 600);
	assert_string_equal(c.hook_pre_move.v[1], "b c");
	assert_string_equal(c.hook_post_move.v[0], "d");
	assert_string_equal(c.hook_fence.v[1], "{host}");
	config_clear(&c);
}

static void defaults(void **state)
{
	struct config c = parse("{}");

	(void)state;
	assert_string_equal(c.bundle_root, BUNDLE_ROOT_DEFAULT);
	assert_int_equal(c.n_hosts, 0);
	assert_null(c.ssh_user);
	assert_null(c.strategy);
	assert_int_equal(c.timeout, 0);
	assert_true(c.rebalance_threshold > 0.19 && c.rebalance_threshold < 0.21);
	assert_int_equal(c.rebalance_max_moves, 4);
	config_clear(&c);
}

/* Each message has the place of the error in the file. */
static void errors_name_their_place(void **state)
{
	static const struct {
		const char *text, *wanted;
	} rows[] = {
		{"{\"bundel_root\":\"/\"}",
		 "unknown key 'bundel_root'; did you mean 'bundle_root'?"},
		{"{\"ssh\":{\"usr\":\"x\"}}", "unknown key 'ssh.usr'; did you mean 'user'?"},
		{"{\"hosts\":{\"a\":{\"devices\":\"x\"}}}",
		 "unknown key 'hosts.a.devices'; did you mean 'device'?"},
		{"{\"move\":{\"timeot\":1}}", "unknown key 'move.timeot'; did you mean 'timeout'?"},
		{"{\"rebalance\":{\"treshold\":1}}",
		 "'rebalance.treshold'; did you mean 'threshold'?"},
		{"{\"hooks\":{\"premove\":[]}}", "'hooks.premove'; did you mean 'pre_move'?"},
		{"{\"bundle_root\":1}", "'bundle_root' is not a string"},
		{"{\"bundle_root\":\"relative\"}", "bundle_root: "},
		{"{\"bundle_root\":\"/a/../b\"}", "bundle_root: "},
		{"{\"ssh\":[]}", "'ssh' is not an object"},
		{"{\"ssh\":{\"user\":1}}", "'ssh.user' is not a string"},
		{"{\"ssh\":{\"user\":\"-oProxyCommand=x\"}}", "ssh.user: "},
		{"{\"ssh\":{\"options\":\"-v\"}}", "'ssh.options' is not a list of strings"},
		{"{\"hosts\":[]}", "'hosts' is not an object"},
		{"{\"hosts\":{\"a\":1}}", "'hosts.a' is not an object"},
		{"{\"hosts\":{\"-oProxyCommand=x\":{}}}", "hosts: "},
		{"{\"hosts\":{\"a b\":{}}}", "hosts: "},
		{"{\"hosts\":{\"\":{}}}", "hosts: "},
		{"{\"hosts\":{\"a\":{\"ssh\":\"-v\"}}}", "hosts.a: "},
		{"{\"hosts\":{\"a\":{\"ssh\":1}}}", "'hosts.a.ssh' is not a string"},
		{"{\"hosts\":{\"a\":{\"device\":\"eth0;x\"}}}", "hosts.a: "},
		{"{\"hosts\":{\"a\":{\"memory\":16}}}", "'hosts.a.memory' is not a string"},
		{"{\"hosts\":{\"a\":{\"migration_address\":\"rhel02\"}}}",
		 "'hosts.a.migration_address' is not an IP address"},
		{"{\"hosts\":{\"a\":{\"migration_address\":\"192.0.2.2/24\"}}}",
		 "'hosts.a.migration_address' is not an IP address"},
		{"{\"hosts\":{\"a\":{\"migration_address\":\"fe80::1\"}}}",
		 "'hosts.a.migration_address' is an address of one link alone"},
		{"{\"hosts\":{\"a\":{},\"a\":{}}}", "duplicate"},
		{"{\"move\":1}", "'move' is not an object"},
		{"{\"move\":{\"strategy\":\"warm\"}}",
		 "move.strategy: 'warm' is not one of auto, cold"},
		{"{\"move\":{\"transport\":\"nfs\"}}", "is not one of shared, direct"},
		{"{\"move\":{\"encrypt\":true}}", "'move.encrypt' is not"},
		{"{\"move\":{\"encrypt\":\"on\"}}", "is not one of required, if-possible, off"},
		{"{\"move\":{\"timeout\":-1}}", "'move.timeout' is not a whole number"},
		{"{\"move\":{\"timeout\":\"30\"}}", "'move.timeout' is not a whole number"},
		{"{\"move\":{\"if_slow\":\"stop\"}}", "is not one of go, abort, post-copy"},
		{"{\"move\":{\"lazy_from\":\"0\"}}", "'move.lazy_from' is not a size"},
		{"{\"move\":{\"lazy_from\":\"often\"}}", "'move.lazy_from' is not a size"},
		{"{\"move\":{\"lazy_from\":7}}", "'move.lazy_from' is not"},
		{"{\"move\":{\"max_downtime_ms\":0.5}}", "'move.max_downtime_ms' is not"},
		{"{\"move\":{\"bandwidth\":\"fast\"}}", "'move.bandwidth' is not a rate"},
		{"{\"move\":{\"bandwidth\":20}}", "'move.bandwidth' is not a string"},
		{"{\"rebalance\":{\"threshold\":\"a\"}}", "'rebalance.threshold' is not a number"},
		{"{\"rebalance\":{\"by\":1}}", "'rebalance.by' is not a string"},
		{"{\"rebalance\":{\"max_moves\":-1}}", "'rebalance.max_moves' is not"},
		{"{\"rebalance\":{\"cooldown\":-1}}", "'rebalance.cooldown' is not"},
		{"{\"hooks\":{\"fence\":\"prog\"}}", "'hooks.fence' is not a list of strings"},
		{"{\"hooks\":{\"pre_move\":[1]}}", "'hooks.pre_move' is not a list of strings"},
		{"[]", "'c.json' is not a JSON object"},
		{"{", "'c.json', line 1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err = ERR_INIT;
		struct config c;
		int status = config_parse(rows[i].text, strlen(rows[i].text), "c.json", &c, &err);
		config_clear(&c);
		assert_int_equal(status, -1);
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].wanted) || !strstr(err.msg, "c.json"))
			fail_msg("'%s' gave '%s'", rows[i].text, err.msg);
	}
}

static void which_file(void **state)
{
	char *dir = stub_dir_make();
	CLEANUP_FREE char *one = str_fmt("%s/one", dir), *two = str_fmt("%s/two", dir);
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	stub_program(dir, "one", "{\"bundle_root\":\"/one\"}");
	stub_program(dir, "two", "{\"bundle_root\":\"/two\"}");
	assert_int_equal(setenv("CMIGRATE_CONFIG", two, 1), 0);
	assert_int_equal(config_load(one, NULL, &c, &err), 0);
	assert_string_equal(c.bundle_root, "/one");
	config_clear(&c);
	assert_int_equal(config_load(NULL, NULL, &c, &err), 0);
	assert_string_equal(c.bundle_root, "/two");
	config_clear(&c);
	assert_int_equal(config_load(NULL, "/three", &c, &err), 0);
	assert_string_equal(c.bundle_root, "/three");
	config_clear(&c);
	assert_int_equal(config_load(NULL, "/a/../b", &c, &err), -1);
	assert_true(str_starts(err.msg, "--bundle-root: "));
	config_clear(&c);
	/* A file named by the user must exist. */
	assert_int_equal(unlink(two), 0);
	assert_int_equal(config_load(NULL, NULL, &c, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.msg, two));
	config_clear(&c);
	assert_int_equal(unsetenv("CMIGRATE_CONFIG"), 0);
	if (access(CONFIG_DEFAULT_PATH, F_OK) < 0) {
		assert_int_equal(config_load(NULL, NULL, &c, &err), 0);
		assert_string_equal(c.bundle_root, BUNDLE_ROOT_DEFAULT);
		config_clear(&c);
	}
	stub_dir_remove(dir);
}

/* Checks the ssh destination of a name; NULL is this machine. */
static void leads_to(const struct config *c, const char *name, const char *ssh)
{
	struct err err = ERR_INIT;
	CLEANUP_HOST struct host *h = config_host(c, name, NULL, &err);

	if (!h)
		fail_msg("%s: %s", name, err.msg);
	assert_string_equal(h->name, name);
	if (!ssh)
		assert_true(host_is_local(h));
	else
		assert_string_equal(h->ssh, ssh);
}

static void names_lead_to_hosts(void **state)
{
	char own[256] = "";
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
	struct config none = parse("{}");
	leads_to(&none, "rhel02", "rhel02");
	leads_to(&none, "root@192.0.2.2", "root@192.0.2.2");
	leads_to(&none, "localhost", NULL);
	leads_to(&none, own, NULL);
	assert_null(config_host(&none, "-oProxyCommand=x", NULL, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	CLEANUP_FREE char *here = config_here(&none);
	assert_string_equal(here, own);
	config_clear(&none);

	struct config c = parse("{\"ssh\":{\"user\":\"admin\",\"options\":[\"-v\"]},\"hosts\":{"
				"\"localhost\":{\"ssh\":\"other.invalid\"},\"rhel01\":{},"
				"\"rhel02\":{\"ssh\":\"192.0.2.2\",\"device\":\"eth1\"},"
				"\"rhel03\":{\"ssh\":\"root@rhel03.example.com\"}}}");
	/* An explicit ssh destination wins over the name. */
	leads_to(&c, "localhost", "admin@other.invalid");
	leads_to(&c, own, NULL);
	leads_to(&c, "rhel01", "admin@rhel01");
	leads_to(&c, "rhel02", "admin@192.0.2.2");
	leads_to(&c, "rhel03", "root@rhel03.example.com");
	assert_null(config_host(&c, "rhel04", NULL, &err));
	assert_int_equal(err.code, EXIT_USAGE);
	assert_string_equal(err.msg, "unknown host 'rhel04'; the configuration has localhost, "
				     "rhel01, rhel02, rhel03");
	CLEANUP_HOST struct host *h = config_host(&c, "rhel02", NULL, &err);
	assert_string_equal(h->device, "eth1");
	assert_true(argv_has(&h->options, "-v"));
	CLEANUP_FREE char *name = config_here(&c);
	assert_string_equal(name, own);
	config_clear(&c);

	/* An ssh destination that leads to this machine is not used. */
	struct config same = parse("{\"hosts\":{\"localhost\":{\"ssh\":\"root@127.0.0.1\"}}}");
	leads_to(&same, "localhost", NULL);
	config_clear(&same);
	struct config remote = parse("{\"hosts\":{\"localhost\":{\"ssh\":\"root@192.0.2.7\"}}}");
	leads_to(&remote, "localhost", "root@192.0.2.7");
	config_clear(&remote);
}

/* The root gets into scripts and into CRIU's configuration. */
static void a_root_with_quotes(void **state)
{
	static const char *const roots[] = {"/srv/it's", "/srv/\"x\"", "/srv/a\\b", "relative"};
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	assert_int_equal(setenv("CMIGRATE_CONFIG", "", 1), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(config_load(NULL, roots[i], &c, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		assert_non_null(strstr(err.msg, "--bundle-root: "));
		assert_non_null(strstr(err.msg, "has a quote or a backslash in it"));
		config_clear(&c);
	}
	static const char text[] = "{\"bundle_root\":\"/srv/it's\"}";
	assert_int_equal(config_parse(text, strlen(text), "c", &c, &err), -1);
	assert_non_null(strstr(err.msg, "bundle_root: '/srv/it's' has a quote"));
	config_clear(&c);
}

/* "web" and "web.example.com" are one machine, "web.a" and "web.b" are not. */
static void short_and_long_names(void **state)
{
	char own[256] = "";
	struct config none = parse("{}");

	(void)state;
	assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
	CLEANUP_FREE char *shorter = str_dupn(own, strcspn(own, "."));
	leads_to(&none, shorter, NULL);
	CLEANUP_FREE char *longer = str_fmt("%s.example.com", shorter);
	if (!strchr(own, '.'))
		leads_to(&none, longer, NULL);
	CLEANUP_FREE char *other = str_fmt("%sx", own);
	leads_to(&none, other, other);
	config_clear(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(defaults),
		cmocka_unit_test(errors_name_their_place),
		cmocka_unit_test(which_file),
		cmocka_unit_test(names_lead_to_hosts),
		cmocka_unit_test(short_and_long_names),
		cmocka_unit_test(a_root_with_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
