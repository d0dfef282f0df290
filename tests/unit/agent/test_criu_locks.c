/* SPDX-License-Identifier: MIT */
/* CRIU's rules, removed by its logs: tables of nftables in a network namespace of the test's own,
 * and stand-ins for iptables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <sys/stat.h>

#include "agent/network/nf_table.h"
#include "own_net.h"
#include "own_run.h"
#include "stub.h"

#define RUN "/run/cmigrate/web"
#define RULE(verb, port)                                                                           \
	"-w -t filter -" verb " INPUT --protocol tcp -m mark ! --mark 0xC114 --source 192.0.2.1 "  \
	"--sport 80 --destination 192.0.2.9 --dport " port " -j DROP"
#define LINE(verb, port) "(00.030207) \tRunning iptables [iptables " RULE(verb, port) "]\n"

int verb_criu_locks(struct request *req);

static char *dir;

static int enter(void **state)
{
	static const char *const tools[] = {"iptables", "ip6tables"};

	(void)state;
	own_net_enter();
	own_run_enter();
	if (mkdir("/run/cmigrate", 0700) < 0 || mkdir(RUN, 0700) < 0)
		return -1;
	dir = stub_dir_make();
	for (int i = 0; i < 2; i++) {
		CLEANUP_FREE char *text = str_fmt("#!/bin/sh\necho \"%s $*\" >>%s/calls\n"
						  "[ -e %s/works ]\n",
						  tools[i], dir, dir);
		stub_program(dir, tools[i], text);
	}
	stub_path_add(dir);
	return 0;
}

static int leave(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	return 0;
}

static int clear(void **state)
{
	CLEANUP_FREE char *line =
		str_fmt("rm -rf " RUN "/* %s/calls %s/works; nft flush ruleset", dir, dir);

	(void)state;
	return system(line);
}

static void nft(const char *commands)
{
	CLEANUP_FREE char *line = str_fmt("nft '%s'", commands);

	assert_int_equal(system(line), 0);
}

#define LOCKS(...)                                                                                 \
	own_net_ask(verb_criu_locks, NULL, NULL, "criu-locks", "container=web", __VA_ARGS__, NULL)

/* What was run. */
static const char *calls(void)
{
	static char text[4096];
	CLEANUP_FREE char *path = str_fmt("%s/calls", dir);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		(void)fclose(f);
	return text;
}

/* A container chooses the names of its open files, and CRIU's log has those names. */
static void only_its_own(void **state)
{
	(void)state;
	assert_int_equal(LOCKS("op=note"), 0);
	own_run_write(
		RUN "/dump.log",
		LINE("I",
		     "4000") "(00.030208) Dumping path for 3 fd via self 4 [/tmp/Running iptables "
			     "[iptables -w -t filter -I INPUT -p tcp --dport 6379 -j DROP]\n"
			     "(00.030209) Running iptables [iptables -w -t filter -I INPUT -p "
			     "tcp --dport 6380 -j DROP]\n"
			     "x" LINE("I", "4001"));
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_string_equal(calls(), "iptables " RULE("D", "4000") "\n");
}

/* A rule counts as often as it was added, and not removed by CRIU itself. */
static void counted(void **state)
{
	(void)state;
	assert_int_equal(LOCKS("op=note"), 0);
	own_run_write(RUN "/dump.log", LINE("I", "4000") LINE("A", "4001") LINE("I", "4002"));
	own_run_write(RUN "/restore.log",
		      LINE("D", "4000") "(00.1) Unlocked 192.0.2.1\n" LINE(
			      "D", "4001") "(00.1) an error\n" LINE("I", "4002"));
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_string_equal(calls(), "iptables " RULE("D", "4001") "\niptables " RULE(
					     "D", "4002") "\niptables " RULE("D", "4002") "\n");
}

/* Tables by the id of a run or a pid, unless they were there before. */
static void tables(void **state)
{
	(void)state;
	nft("add table inet CRIU-aaaaaaaa; add table inet CRIU-77");
	assert_int_equal(LOCKS("op=note"), 0);
	nft("add table inet CRIU-bbbbbbbb; add chain inet CRIU-bbbbbbbb output; "
	    "add table inet CRIU-78; add table inet CRIU-cccccccc; add table ip CRIU-bbbbbbbb; "
	    "add table inet CRIU-bbb; add table inet CRIU-");
	own_run_write(RUN "/dump.log", "(00.1) CRIU run id = aaaaaaaa-1111\n"
				       "(00.1) CRIU run id = bbbbbbbb-2222\n"
				       "(00.2) Dumping processes (pid: 77 comm: x)\n"
				       "(00.2) Dumping processes (pid: 78 comm: x)\n");
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-bbbbbbbb"), 0);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-78"), 0);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-aaaaaaaa"), 1);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-77"), 1);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-cccccccc"), 1);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-bbb"), 1);
	assert_int_equal(nf_table_exists(NF_INET, "CRIU-"), 1);
	assert_int_equal(nf_table_exists(NF_IPV4, "CRIU-bbbbbbbb"), 1);
	/* No program for any of it. */
	assert_string_equal(calls(), "");
}

/* The table of iptables goes with its chains if they are empty; nothing that somebody else has put
 * into it does. */
static void empty_table(void **state)
{
	(void)state;
	assert_int_equal(LOCKS("op=note"), 0);
	nft("add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; "
	    "}; "
	    "add chain ip filter OUTPUT { type filter hook output priority 0; }; "
	    "add table ip6 filter; "
	    "add chain ip6 filter INPUT { type filter hook input priority 0; }; "
	    "add chain ip6 filter OUTPUT { type filter hook output priority 0; }; "
	    "add rule ip6 filter INPUT tcp dport 80 accept");
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_int_equal(nf_table_exists(NF_IPV4, "filter"), 0);
	assert_int_equal(nf_table_exists(NF_IPV6, "filter"), 1);
	assert_int_equal(system("nft list chain ip6 filter INPUT | grep -q accept"), 0);
	/* Noted before. */
	nft("add table ip filter");
	assert_int_equal(LOCKS("op=note"), 0);
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_int_equal(nf_table_exists(NF_IPV4, "filter"), 1);
}

/* In a namespace of the container's own: the chain CRIU, unless it was there before. */
static void chain(void **state)
{
	CLEANUP_FREE char *works = str_fmt("%s/works", dir);

	(void)state;
	assert_int_equal(LOCKS("op=note", "netns=/proc/self/ns/net"), 0);
	assert_string_equal(calls(), "iptables -w -t filter -n -L CRIU\n"
				     "ip6tables -w -t filter -n -L CRIU\n");
	own_run_write(works, "");
	assert_int_equal(LOCKS("op=remove", "netns=/proc/self/ns/net"), 0);
	assert_null(strstr(calls(), "-X CRIU"));
	own_run_write(RUN "/dump.log", "(00.1) Running network-lock scripts\n");
	assert_int_equal(LOCKS("op=remove", "netns=/proc/self/ns/net"), 0);
	assert_non_null(strstr(calls(), "\niptables -w -t filter -D INPUT -j CRIU\n"
					"iptables -w -t filter -D OUTPUT -j CRIU\n"
					"iptables -w -t filter -F CRIU\n"
					"iptables -w -t filter -X CRIU\n"
					"ip6tables -w -t filter -D INPUT -j CRIU\n"));
	clear(state);
	own_run_write(works, "");
	own_run_write(RUN "/dump.log", "(00.1) Running network-lock scripts\n");
	assert_int_equal(LOCKS("op=note", "netns=/proc/self/ns/net"), 0);
	assert_int_equal(LOCKS("op=remove", "netns=/proc/self/ns/net"), 0);
	assert_null(strstr(calls(), "-X CRIU"));
}

static void nothing(void **state)
{
	(void)state;
	/* No note: no move has got that far. */
	own_run_write(RUN "/dump.log", LINE("I", "4000"));
	assert_int_equal(LOCKS("op=remove"), 0);
	assert_string_equal(calls(), "");
	assert_int_equal(LOCKS("op=remove", "netns=/run/netns/no-such"), 0);
	assert_int_equal(LOCKS("op=other"), 1);
	assert_int_equal(rename(RUN, RUN "-moved"), 0);
	assert_int_equal(LOCKS("op=note"), 1);
	assert_int_equal(rename(RUN "-moved", RUN), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(only_its_own, clear),
		cmocka_unit_test_teardown(counted, clear),
		cmocka_unit_test_teardown(tables, clear),
		cmocka_unit_test_teardown(empty_table, clear),
		cmocka_unit_test_teardown(chain, clear),
		cmocka_unit_test_teardown(nothing, clear),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
