/* SPDX-License-Identifier: MIT */
/* What a host says of itself, and what of it is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/host/peer_facts.h"
#include "agent/request/json_scan.h"
#include "agent/request/process.h"
#include "asked.h"
#include "own_tcp.h"
#include "stub.h"

#define ID "20260102T030405-0a1b2c3d"
#define KEPT "/run/cmigrate-programs"

static char *root, *calls;

static void put_program(const char *name, const char *text)
{
	CLEANUP_FREE char *script = str_fmt("#!/bin/sh\necho %s $* >>%s\n%s\n", name, calls, text);

	stub_program(root, name, script);
}

static int set_up(void **state)
{
	CLEANUP_FREE char *bundle = NULL, *config = NULL;

	(void)state;
	root = stub_dir_make();
	calls = str_fmt("%s/calls", root);
	bundle = str_fmt("%s/web", root);
	config = str_fmt("%s/web/config.json", root);
	assert_int_equal(mkdir(bundle, 0700), 0);
	own_run_write(config, "{}\n");
	put_program("runc", "echo 'runc version 1.3.6'; echo 'spec: 1.2.1'");
	put_program("criu", "case $* in --version) echo 'Version: 4.2.1' ;; esac");
	CLEANUP_FREE char *path = str_fmt("%s:/usr/bin:/bin", root);
	assert_int_equal(setenv("PATH", path, 1), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (system("rm -rf " KEPT " /run/runc/web") != 0)
		abort();
	stub_dir_remove(root);
	str_set(&calls, NULL);
	return 0;
}

/* How many programs have been started since the last call. */
static size_t started(void)
{
	FILE *f = fopen(calls, "re");
	size_t lines = 0;

	for (int c; f && (c = fgetc(f)) != EOF;)
		lines += c == '\n';
	if (f)
		(void)fclose(f);
	(void)unlink(calls);
	return lines;
}

#define FACTS(...) ask(root, NULL, "facts", "container=web", "id=" ID, __VA_ARGS__, NULL)

/* The lines of an answer. */
struct facts {
	struct argv lines;
};
#define CLEANUP_FACTS __attribute__((cleanup(facts_clear), unused))
static void facts_clear(struct facts *facts)
{
	argv_clear(&facts->lines);
}

static struct facts read_facts(struct asked asked)
{
	struct facts facts = {0};

	assert_int_equal(asked.status, 0);
	argv_words(&facts.lines, asked.out, "\n");
	asked_clear(&asked);
	return facts;
}

static const char *facts_nth(const struct facts *facts, const char *key, size_t i)
{
	size_t len = strlen(key);

	for (size_t line = 0; line < facts->lines.n; line++) {
		const char *text = facts->lines.v[line];
		if (strncmp(text, key, len) == 0 && text[len] == '=' && i-- == 0)
			return text + len + 1;
	}
	return NULL;
}

static const char *facts_get(const struct facts *facts, const char *key)
{
	const char *value = facts_nth(facts, key, 0);

	return value ? value : "";
}

static bool facts_has(const struct facts *facts, const char *key, const char *value)
{
	const char *has;

	for (size_t i = 0; (has = facts_nth(facts, key, i)) != NULL; i++)
		if (strcmp(has, value) == 0)
			return true;
	return false;
}

static unsigned long long facts_uint(const struct facts *facts, const char *key)
{
	return strtoull(facts_get(facts, key), NULL, 10);
}

static void the_machine(void **state)
{
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=destination", "strategy=cold"));

	(void)state;
	assert_true(facts_has(&facts, "complete", "yes"));
	assert_true(facts_uint(&facts, "kernel") > 0);
	assert_non_null(strstr(facts_get(&facts, "identity"), " pid:["));
	assert_non_null(strstr(facts_get(&facts, "identity"), " net:["));
	assert_true(*facts_get(&facts, "machine"));
	assert_true(facts_uint(&facts, "memory-available") > 1 << 20);
	assert_true(strchr(facts_get(&facts, "cpu"), ' ') != NULL);
	assert_true(facts_uint(&facts, "space") > 0);
	assert_string_equal(facts_get(&facts, "runc"), "1.3.6");
	assert_string_equal(facts_get(&facts, "criu"), "4.2.1");
	assert_string_equal(facts_get(&facts, "criu-check"), "");
	assert_true(facts_has(&facts, "tool", "tar"));
	assert_string_equal(facts_get(&facts, "state"), "");
	assert_null(facts_nth(&facts, "peer", 0));
}

/* To try a device the thread goes to a network of its own, and comes back. */
static void the_network_is_left_as_it_was(void **state)
{
	CLEANUP_FREE char *before = process_link(gettid(), "ns/net");
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=destination", "strategy=cold"));
	CLEANUP_FREE char *after = process_link(gettid(), "ns/net");

	(void)state;
	assert_string_equal(before, after);
	assert_int_equal(access("/sys/class/net/cmigrate", F_OK), -1);
}

static void bind_unix(const char *name, int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	memcpy(to.sun_path, name, len);
	if (*name == '@')
		*to.sun_path = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	if (bind(fd, (struct sockaddr *)&to, (socklen_t)len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 1) < 0))
		abort();
}

/* A network namespace that has something of each kind; its process ends with the pipe. */
static pid_t start_taken(int end[2])
{
	int ready[2];
	char byte;

	assert_true(pipe(ready) == 0 && pipe(end) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		own_loopback_enter();
		own_run_write("/proc/sys/net/ipv4/ip_nonlocal_bind", "1");
		(void)own_listen("127.0.0.1", 7001);
		bind_unix("@a b", SOCK_STREAM);
		bind_unix("/run/datagram", SOCK_DGRAM);
		bind_unix("/run/stream", SOCK_STREAM);
		(void)close(end[1]);
		_exit(write(ready[1], "x", 1) != 1 || read(end[0], &byte, 1) != 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

static void what_is_taken(void **state)
{
	int end[2];
	pid_t pid = start_taken(end);
	CLEANUP_FREE char *netns = str_fmt("netns=/proc/%d/ns/net", (int)pid);

	(void)state;
	CLEANUP_FACTS struct facts here = read_facts(FACTS("role=destination", "strategy=cold"));
	CLEANUP_FACTS struct facts source =
		read_facts(FACTS("role=source", "strategy=cold", netns));
	CLEANUP_FACTS struct facts there =
		read_facts(FACTS("role=destination", "strategy=cold", netns));
	assert_true(facts_has(&there, "listen", "127.0.0.1:7001"));
	assert_true(facts_has(&there, "unix", "stream @a\\x20b"));
	assert_true(facts_has(&there, "unix", "datagram /run/datagram"));
	assert_false(facts_has(&there, "unix", "stream /run/stream"));
	assert_true(facts_has(&there, "nonlocal-bind", "ipv4"));
	assert_false(facts_has(&there, "nonlocal-bind", "ipv6"));
	assert_non_null(strstr(facts_get(&there, "addr"), "{\"ifindex\":1,\"ifname\":\"lo\""));
	assert_false(facts_has(&here, "unix", "stream @a\\x20b"));
	assert_null(facts_nth(&source, "unix", 0));
	assert_null(facts_nth(&source, "listen", 0));
	(void)close(end[0]);
	(void)close(end[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void another_role(void **state)
{
	CLEANUP_ASKED struct asked asked = FACTS("role=witness", "strategy=cold");

	(void)state;
	assert_int_equal(asked.status, 1);
	assert_int_equal(started(), 0);
}

static void answers_are_kept(void **state)
{
	CLEANUP_FACTS struct facts first = read_facts(FACTS("role=source", "strategy=hybrid"));

	(void)state;
	assert_int_equal(started(), 4);
	assert_true(facts_has(&first, "dirty", "yes"));
	/* Whether memory may follow a container matters where it arrives. */
	CLEANUP_FACTS struct facts there = read_facts(FACTS("role=destination", "strategy=cold"));
	assert_int_equal(started(), 1);
	assert_true(facts_has(&there, "uffd", "yes"));
	CLEANUP_FACTS struct facts second = read_facts(FACTS("role=source", "strategy=hybrid"));
	assert_int_equal(started(), 0);
	assert_string_equal(facts_get(&second, "criu"), "4.2.1");
	assert_true(facts_has(&second, "dirty", "yes"));
	assert_true(facts_has(&second, "complete", "yes"));
	/* Another binary: asked again. */
	put_program("criu.new", "case $* in --version) echo 'Version: 4.3' ;; *) exit 1 ;; esac");
	CLEANUP_FREE char *new = str_fmt("%s/criu.new", root), *old = str_fmt("%s/criu", root);
	assert_int_equal(rename(new, old), 0);
	CLEANUP_FACTS struct facts third = read_facts(FACTS("role=source", "strategy=hybrid"));
	assert_int_equal(started(), 3);
	assert_string_equal(facts_get(&third, "criu"), "4.3");
	assert_string_equal(facts_get(&third, "criu-check"), "failed");
	assert_false(facts_has(&third, "dirty", "yes"));
	/* The kernel's no is kept. What is missing on the host may be mended, and is not. */
	CLEANUP_FACTS struct facts fourth = read_facts(FACTS("role=source", "strategy=hybrid"));
	assert_int_equal(started(), 1);
	assert_string_equal(facts_get(&fourth, "criu-check"), "failed");
	assert_false(facts_has(&fourth, "dirty", "yes"));
}

static void foreign_answers_do_not_count(void **state)
{
	(void)state;
	CLEANUP_FACTS struct facts first = read_facts(FACTS("role=source", "strategy=cold"));
	assert_int_equal(started(), 3);
	assert_int_equal(chmod(KEPT, 0777), 0);
	CLEANUP_FACTS struct facts second = read_facts(FACTS("role=source", "strategy=cold"));
	assert_int_equal(started(), 3);
	assert_int_equal(chmod(KEPT, 0700), 0);
	/* Torn: half of a line. */
	assert_int_equal(truncate(KEPT "/criu", 20), 0);
	CLEANUP_FACTS struct facts third = read_facts(FACTS("role=source", "strategy=cold"));
	assert_int_equal(started(), 1);
	assert_string_equal(facts_get(&third, "criu"), "4.2.1");
}

static void what_criu_finds_missing(void **state)
{
	put_program("criu",
		    "case $* in --version) echo 'Version: 4.2.1' ;;\n"
		    "*) printf 'Looks\\nWarn  (x.c:1): one\\nInfo\\nError (y.c:2): two\\n' >&2\n"
		    "exit 1 ;; esac");
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=source", "strategy=cold"));

	(void)state;
	assert_string_equal(facts_get(&facts, "criu-check"),
			    "Warn  (x.c:1): one Error (y.c:2): two");
}

static void programs_that_are_missing(void **state)
{
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));

	(void)state;
	assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=source", "strategy=cold"));
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_string_equal(facts_get(&facts, "runc"), "");
	assert_string_equal(facts_get(&facts, "criu"), "");
	assert_null(facts_nth(&facts, "criu-check", 0));
	assert_null(facts_nth(&facts, "tool", 0));
}

/* One directory, on which both hosts have their say. */
static void the_shared_directory(void **state)
{
	CLEANUP_FREE char *state_dir = str_fmt("%s/web/.cmigrate", root);
	CLEANUP_FACTS struct facts before = read_facts(FACTS("role=destination", "strategy=cold"));

	(void)state;
	assert_string_equal(facts_get(&before, "proof"), "");
	assert_null(facts_nth(&before, "proof-owner", 0));
	CLEANUP_ASKED struct asked opened =
		ask(root, NULL, "open", "container=web", "id=" ID, NULL);
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=destination", "strategy=cold"));
	assert_string_equal(facts_get(&facts, "proof"), ID);
	assert_true(facts_uint(&facts, "proof-owner") == geteuid());
	assert_null(facts_nth(&facts, "write-seconds", 0));
	CLEANUP_FACTS struct facts source = read_facts(FACTS("role=source", "strategy=auto"));
	assert_true(strtod(facts_get(&source, "write-seconds"), NULL) > 0);
	assert_string_equal(facts_get(&source, "config-sum"), facts_get(&facts, "config-sum"));
	/* Nothing is left but the proof. */
	CLEANUP_ASKED struct asked closed =
		ask(root, NULL, "close", "container=web", "id=" ID, NULL);
	struct stat st;
	assert_int_equal(stat(state_dir, &st), -1);
	CLEANUP_FREE char *config = str_fmt("%s/web/config.json", root);
	own_run_write(config, "{ }\n");
	CLEANUP_FACTS struct facts changed = read_facts(FACTS("role=source", "strategy=cold"));
	assert_string_not_equal(facts_get(&changed, "config-sum"),
				facts_get(&source, "config-sum"));
}

static void what_is_missing(void **state)
{
	CLEANUP_FACTS struct facts facts = read_facts(
		FACTS("role=destination", "strategy=cold", "bind=/etc", "bind=/nonexistent/a",
		      "bind=/proc/self/exe", "netns=/run/netns/none"));

	(void)state;
	assert_string_equal(facts_get(&facts, "missing-bind"), "/nonexistent/a");
	assert_null(facts_nth(&facts, "missing-bind", 1));
	assert_string_equal(facts_get(&facts, "bind-is"), "d /etc");
	assert_string_equal(facts_nth(&facts, "bind-is", 1), "f /proc/self/exe");
	assert_null(facts_nth(&facts, "bind-is", 2));
	assert_string_equal(facts_get(&facts, "bind-link"), "/proc/self/exe");
	assert_string_equal(facts_get(&facts, "missing-netns"), "/run/netns/none");
}

/* A name that may not be free does not count as free. */
static void a_state_that_is_not_understood(void **state)
{
	(void)state;
	assert_int_equal(mkdir("/run/runc/web", 0700), 0);
	own_run_write("/run/runc/web/state.json", "{\"id\":");
	CLEANUP_FACTS struct facts facts = read_facts(FACTS("role=destination", "strategy=cold"));
	assert_false(facts_has(&facts, "complete", "yes"));
	assert_non_null(strstr(facts_get(&facts, "problem"), "/run/runc/web"));
	own_run_write("/run/runc/web/state.json",
		      "{\"id\":\"web\",\"init_process_pid\":0,\"init_process_start\":0,\"config\":{"
		      "\"rootfs\":\"/x/rootfs\",\"labels\":[\"bundle=/a \\\"b\\\\c\"]},"
		      "\"cgroup_paths\":{}}");
	CLEANUP_FACTS struct facts stopped = read_facts(FACTS("role=destination", "strategy=cold"));
	const char *text = facts_get(&stopped, "state");
	CLEANUP_FREE char *status = json_scan(text, strlen(text), "status");
	CLEANUP_FREE char *bundle = json_scan(text, strlen(text), "bundle");
	assert_string_equal(status, "stopped");
	assert_string_equal(bundle, "/a \"b\\c");
	assert_true(facts_has(&stopped, "complete", "yes"));
}

static void the_peer(void **state)
{
	(void)state;
	CLEANUP_FACTS struct facts known =
		read_facts(FACTS("role=source", "strategy=cold", "transport=direct",
				 "peer=other.invalid", "peer-ip=127.0.0.2"));
	assert_string_equal(facts_get(&known, "peer"), "127.0.0.2");
	assert_string_equal(facts_get(&known, "peer-from"), "127.0.0.1");
	CLEANUP_FACTS struct facts unknown =
		read_facts(FACTS("role=source", "strategy=post-copy", "peer=other.invalid"));
	assert_string_equal(facts_get(&unknown, "peer"), "");
	assert_true(facts_uint(&unknown, "pipe-max") >= 4096);
	CLEANUP_FACTS struct facts literal =
		read_facts(FACTS("role=destination", "strategy=hybrid", "peer=127.0.0.3"));
	assert_string_equal(facts_get(&literal, "peer"), "127.0.0.3");
	CLEANUP_FACTS struct facts v6 =
		read_facts(FACTS("role=destination", "strategy=hybrid", "peer=::1"));
	assert_string_equal(facts_get(&v6, "peer"), "::1");
	assert_string_equal(facts_get(&v6, "peer-from"), "::1");
}

static void names_in_etc_hosts(void **state)
{
	static const char text[] = "# 192.0.2.9 rhel02\n"
				   "::1 rhel02\n"
				   "\n"
				   "192.0.2.1\trhel01 # rhel02\n"
				   "192.0.2.2  two.example\tRHEL02\n"
				   "192.0.2.3 rhel02";
	CLEANUP_FREE char *found = peer_in_hosts(text, "rhel02");
	CLEANUP_FREE char *last = peer_in_hosts("192.0.2.3 rhel03", "rhel03");

	(void)state;
	assert_string_equal(found, "192.0.2.2");
	assert_string_equal(last, "192.0.2.3");
	/* IPv6 only where there is no other. */
	CLEANUP_FREE char *v6 = peer_in_hosts("fd00::4 rhel04\n", "rhel04");
	assert_string_equal(v6, "fd00::4");
	assert_null(peer_in_hosts(text, "rhel0"));
	assert_null(peer_in_hosts(text, "192.0.2.1"));
	assert_null(peer_in_hosts("", "rhel02"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_machine),
		TEST(the_network_is_left_as_it_was),
		TEST(what_is_taken),
		TEST(another_role),
		TEST(answers_are_kept),
		TEST(foreign_answers_do_not_count),
		TEST(what_criu_finds_missing),
		TEST(programs_that_are_missing),
		TEST(the_shared_directory),
		TEST(what_is_missing),
		TEST(a_state_that_is_not_understood),
		TEST(the_peer),
		TEST(names_in_etc_hosts),
	};

	own_run_enter();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
