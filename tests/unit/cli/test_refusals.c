/* SPDX-License-Identifier: MIT */
/* Names, options, annotations and configurations that are refused before any host is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cli/run_cmigrate.h"

struct row {
	const char *line;
	int code;
	const char *text;
};

static void refuse_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		refused(rows[i].line, rows[i].code, rows[i].text);
}

static void configure(const char *more)
{
	CLEANUP_FREE char *text = str_fmt(
		"{\"hosts\": {\"hosta\": {}, \"hostb\": {}}, \"bundle_root\": \"%s/bundles\"%s}",
		test_dir, more);

	write_file("cmigrate.json", text);
}

/* Makes the bundle "web" with these annotations, or without any (NULL). */
static void bundle(const char *annotations)
{
	CLEANUP_FREE char *path = str_fmt("%s/bundles/web/config.json", test_dir);
	CLEANUP_FREE char *text =
		str_fmt("{\"ociVersion\": \"1.0.2\", \"process\": {\"args\": [\"httpd\"]}, "
			"\"root\": {\"path\": \"rootfs\"}, \"linux\": {\"namespaces\": "
			"[{\"type\": \"pid\"}]}, \"annotations\": {%s}}",
			annotations ? annotations : "");

	if (annotations)
		write_file(path, text);
	else
		(void)unlink(path);
}

/* Puts an ssh in the path that only leaves a trace. */
static int begin(void **state)
{
	if (directories_begin(state) < 0)
		return -1;
	CLEANUP_FREE char *bin = str_fmt("%s/bin", test_dir);
	CLEANUP_FREE char *ssh = str_fmt("#!/bin/sh\n: >'%s/asked'\nexit 255\n", test_dir);
	CLEANUP_FREE char *root = str_fmt("%s/bundles", test_dir);
	CLEANUP_FREE char *web = str_fmt("%s/web", root);
	make_dir(bin);
	stub_program(bin, "ssh", ssh);
	stub_path_add(bin);
	make_dir(root);
	make_dir(web);
	return 0;
}

static int begin_test(void **state)
{
	if (directory_begin(state) != 0)
		return -1;
	configure("");
	bundle("");
	return 0;
}

static int end_test(void **state)
{
	CLEANUP_FREE char *asked = str_fmt("%s/asked", test_dir);

	(void)state;
	if (access(asked, F_OK) < 0)
		return 0;
	(void)unlink(asked);
	print_error("a host was asked\n");
	return -1;
}

#define NOBODY_ASKED(test) cmocka_unit_test_setup_teardown(test, begin_test, end_test)

static void hostile_names(void **state)
{
	static const char *const names[] = {"x;reboot", "-x", "../x", "$(id)", "a b", "", "."};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		REFUSED(2, "name", "move", "--", names[i], "hostb");
		REFUSED(2, "name", "recover", "--", names[i]);
	}
}

static void hostile_hosts(void **state)
{
	static const char *const hosts[] = {"-oProxyCommand=touch hacked", "a b", "a;b", "$(id)",
					    ""};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		CLEANUP_FREE char *from = str_fmt("--from=%s", hosts[i]);
		REFUSED(2, "host", "move", "--", "web", hosts[i]);
		REFUSED(2, "host", "move", from, "web", "hostb");
	}
}

static void hostile_annotations(void **state)
{
	static const char *const annotations[] = {
		"\"org.cmigrate.address\": \"$(id)\"",
		"\"org.cmigrate.address\": \"192.0.2.7@-x\"",
		"\"org.cmigrate.endpoint\": \"file:///etc/passwd\"",
		"\"org.cmigrate.criu\": \"--exec-cmd x\"",
		"\"org.cmigrate.tcp\": \"`id`\"",
		"\"org.cmigrate.adress\": \"192.0.2.7\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(annotations); i++) {
		bundle(annotations[i]);
		refused("run web", 2, "org.cmigrate");
	}
	bundle("\"org.cmigrate.pin\": \"yes\"");
	refused("run web", 2, "org.cmigrate.pin: 'yes' is not one of true, false");
}

static void options_of_a_move(void **state)
{
	static const struct row rows[] = {
		{"move --tcp-established --tcp-close --from hosta web hostb", 2,
		 "exclude each other"},
		{"move --strategy warm web hostb", 2, "auto|cold"},
		{"move --from hosta --endpoint ftp://x/ web hostb", 2, "--endpoint"},
		{"move --endpoint ftp://x/ web hostb", 2, "--endpoint"},
		{"move --from hosta --address nonsense web hostb", 2, "--address"},
		{"move web hostc", 2, "unknown host 'hostc'"},
		{"move --timeout 0 web hostb", 2, "at least 1"},
		{"move --max-downtime 0 web hostb", 2, "at least 1"},
		{"move --skip-check bogus web hostb", 2, "no check 'bogus'"},
		{"move --skip-check memmory web hostb", 2, "'memory'"},
		{"run --timeout 0 web", 2, "at least 1"},
		{"run --endpoint ftp://x/ nothing", 2, "--endpoint"},
		{"check --address nonsense web", 2, "--address"},
		{"restore --address nonsense web", 2, "--address"},
		{"restore --on hostb --fenced hostx web", 2, "no host 'hostx'"},
		{"stop --address nonsense web", 2, "--address"},
		{"delete --address nonsense web", 2, "--address"},
		{"status --local --on hosta web", 2, "--local takes neither --on nor --follow"},
		{"status --local --follow web", 2, "--local takes neither --on nor --follow"},
		{"checkpoint --keep 2 web", 2, "--keep needs --leave-running"},
		{"checkpoint --leave-running --keep 0 web", 2, "at least 1"},
		{"restore --at newest web", 2, "--at: 'newest'"},
		{"list --checkpoints ../x", 2, "name"},
		{"recover", 2, "--all"},
		{"recover --all web", 2, "--all"},
		{"-c /nowhere move web hostb", 2, "can't read '/nowhere'"},
	};

	(void)state;
	refuse_rows(rows, COUNT(rows));
}

static void options_of_drain_and_rebalance(void **state)
{
	static const struct row rows[] = {
		{"drain --skip-check port hosta", 2,
		 "there is no check 'port'; did you mean 'ports'?"},
		{"rebalance --skip-check port", 2,
		 "there is no check 'port'; did you mean 'ports'?"},
		{"drain --parallel 0 hosta", 2, "--parallel: '0': at least 1"},
		{"drain --parallel 1000 hosta", 2, "--parallel"},
		{"rebalance --max-moves 0", 2, "--max-moves: '0': at least 1"},
		{"drain hostd", 2, "no host 'hostd' in the configuration"},
		{"drain --to hostb,hostd hosta", 2, "--to: no host 'hostd'"},
		{"drain --to hosta hosta", 2, "--to: hosta is the host to be drained"},
		{"drain --on-error ask hosta", 2, "stop|continue"},
		{"drain --reason disk hosta", 2, "--reason needs --cordon"},
		{"drain --fallback stop hosta", 2, "--fallback needs --within"},
		{"drain --within soon hosta", 2, "--within: 'soon' is not a time such as 90s"},
		{"drain --within 9s --fallback pray hosta", 2, "leave|checkpoint|stop"},
		{"uncordon --parallel 1000 hosta", 2, "--parallel"},
		{"uncordon -- -x", 2, "host '-x' begins with '-'"},
		{"rebalance --by weight", 2, "memory|pressure|count"},
		{"rebalance --threshold=x", 2, "--threshold: 'x'"},
		{"rebalance --threshold=-1", 2, "--threshold: '-1'"},
		{"rebalance --threshold=1.5x", 2, "--threshold: '1.5x'"},
		{"rebalance --threshold=11", 2, "--threshold: '11'"},
		{"rebalance --threshold=nan", 2, "--threshold: 'nan'"},
		{"rebalance hosta", 2, "too many arguments"},
	};

	(void)state;
	refuse_rows(rows, COUNT(rows));
}

static void configurations(void **state)
{
	static const struct {
		const char *text;
		struct row row;
	} rows[] = {
		{"{\"move\": {\"timeout\": 0}}",
		 {"list", 2, "'move.timeout' is not a whole number of 1 or more"}},
		{"{\"mvoe\": {}}",
		 {"move web hostb", 2, "unknown key 'mvoe'; did you mean 'move'?"}},
		{"{\"hosts\": {\"hosta\": {}, \"hostb\": {}}, \"rebalance\": {\"by\": \"weight\"}}",
		 {"rebalance", 2, "rebalance.by: 'weight' is not one of"}},
		{"{\"hosts\": {\"hosta\": {}, \"hostb\": {}}, \"rebalance\": {\"threshold\": -1}}",
		 {"rebalance", 2, "'rebalance.threshold' is not a share"}},
		{"{\"hosts\": {\"hosta\": {\"memory\": \"16X\"}, \"hostb\": {}}}",
		 {"rebalance", 2, "'hosts.hosta.memory' is not a size such as 16G"}},
		{"{\"hosts\": {\"hosta\": {}}}", {"rebalance", 2, "no other host"}},
		{"{\"metrics\": \"relative.prom\"}", {"history", 2, "metrics"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file("cmigrate.json", rows[i].text);
		refuse_rows(&rows[i].row, 1);
	}
	configure("");
	bundle(NULL);
	refused("run web", 2, "'cmigrate generate web' writes one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NOBODY_ASKED(hostile_names),
		NOBODY_ASKED(hostile_hosts),
		NOBODY_ASKED(hostile_annotations),
		NOBODY_ASKED(options_of_a_move),
		NOBODY_ASKED(options_of_drain_and_rebalance),
		NOBODY_ASKED(configurations),
	};

	return cmocka_run_group_tests(tests, begin, directories_end);
}
