/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/move/move_options.h"

static int parse(char *const *argv, struct move_opts *o, struct argv *args, struct err *err)
{
	int argc = 0;
	bool help = false;

	memset(o, 0, sizeof(*o));
	while (argv[argc])
		argc++;
	return options_parse(move_opts_table, o, argc, argv, false, args, &help, err);
}

static void all(void **state)
{
	char *argv[] = {"move",
			"--from=rhel01",
			"web",
			"--strategy",
			"cold",
			"--transport",
			"direct",
			"--encrypt",
			"off",
			"--tcp-established",
			"--tcp-close",
			"--address",
			"192.0.2.7/24@eth1",
			"--address=2001:db8::7",
			"--endpoint",
			"http://192.0.2.7/",
			"--timeout",
			"31",
			"--max-downtime",
			"301",
			"--if-slow",
			"abort",
			"--throttle",
			"--rehearse",
			"--if-silent",
			"keep",
			"--keep-images",
			"--skip-check",
			"cpu,memory",
			"--skip-check=name",
			"--strict",
			"--dry-run",
			"--file-locks",
			"--ext-unix-sk",
			"--shell-job",
			"--link-remap",
			"--ghost-limit",
			"4M",
			"rhel02",
			NULL};
	CLEANUP_ARGV struct argv args = {0};
	struct err err = ERR_INIT;
	struct move_opts o;

	(void)state;
	if (parse(argv, &o, &args, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(args.n, 2);
	assert_string_equal(args.v[0], "web");
	assert_string_equal(args.v[1], "rhel02");
	assert_string_equal(o.from, "rhel01");
	assert_string_equal(o.strategy, "cold");
	assert_string_equal(o.transport, "direct");
	assert_string_equal(o.encrypt, "off");
	assert_true(o.tcp_established && o.tcp_close);
	assert_int_equal(o.addresses.n, 2);
	assert_string_equal(o.addresses.v[1], "2001:db8::7");
	assert_string_equal(o.endpoints.v[0], "http://192.0.2.7/");
	assert_int_equal(o.timeout, 31);
	assert_int_equal(o.max_downtime_ms, 301);
	assert_string_equal(o.if_slow, "abort");
	assert_true(o.throttle && o.rehearse);
	assert_string_equal(o.if_silent, "keep");
	assert_true(o.keep_images && o.strict && o.dry_run);
	assert_int_equal(o.skip_checks.n, 2);
	assert_true(o.file_locks && o.ext_unix_sk && o.shell_job && o.link_remap);
	assert_int_equal(o.ghost_limit, 4 * 1024 * 1024);
	options_clear(move_opts_table, &o);
}

static void wrong(void **state)
{
	static const struct {
		const char *option, *value, *wanted;
	} rows[] = {
		{"--strategy", "warm", "auto|cold"},
		{"--transport", "nfs", "shared|direct"},
		{"--encrypt", "no", "required|if-possible|off"},
		{"--if-silent", "wait", "rollback|keep"},
		{"--timeout", "soon", "timeout"},
		{"--timeout", "-1", "timeout"},
		{"--ghost-limit", "4X", "ghost-limit"},
		{"--form", "rhel01", "did you mean '--from'?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *argv[] = {"move", (char *)(uintptr_t)rows[i].option,
				(char *)(uintptr_t)rows[i].value, NULL};
		CLEANUP_ARGV struct argv args = {0};
		struct err err = ERR_INIT;
		struct move_opts o;
		assert_int_equal(parse(argv, &o, &args, &err), -1);
		assert_int_equal(err.code, EXIT_USAGE);
		if (!strstr(err.msg, rows[i].wanted))
			fail_msg("%s %s: %s", rows[i].option, rows[i].value, err.msg);
		options_clear(move_opts_table, &o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
