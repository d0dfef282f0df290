/* SPDX-License-Identifier: MIT */
/* The answers of hosts, and the problem built from them for the planner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/own_run.h"
#include "agent/request/process.h"
#include "cmigrate/fleet/fleet.h"
#include "stub.h"

static void near(double value, double wanted)
{
	assert_true(value > wanted - 1e-6 && value < wanted + 1e-6);
}

static struct fleet_host read_host(const char *text, char *memory)
{
	struct fleet_host host = {0};
	struct config_host row = {.memory = memory};
	struct facts facts;

	facts_parse(&facts, text);
	fleet_host_read(&host, &row, &facts);
	facts_clear(&facts);
	return host;
}

static void hosts(void **state)
{
	char configured[] = "4K";

	(void)state;
	struct fleet_host h = read_host("memory-total=8192\nmemory-available=4000\ncpus=4\n"
					"loadavg=2.00\npressure=12.50\n",
					NULL);
	assert_true(h.answers);
	assert_int_equal(h.capacity, 8192);
	assert_int_equal(h.available, 4000);
	assert_int_equal(h.cpus, 4);
	near(h.pressure, 12.5);
	h = read_host("memory-total=8192\ncpus=4\nloadavg=2.00\n", configured);
	assert_int_equal(h.capacity, 4096);
	/* Half of the processors were busy. */
	near(h.pressure, 50);
	h = read_host("memory-total=-1\ncpus=0\nloadavg=nan\npressure=1e99\n", NULL);
	assert_int_equal(h.capacity, 0);
	assert_int_equal(h.cpus, 1);
	near(h.pressure, 0);
	h = read_host("pressure=-3\nloadavg=x\n", NULL);
	near(h.pressure, 0);
}

/* Two hosts that answer, one that does not, and four containers. */
static struct fleet_host three[] = {
	{.name = (char *)"a", .answers = true, .capacity = 1000, .cpus = 2, .pressure = 30},
	{.name = (char *)"b", .answers = false},
	{.name = (char *)"c", .answers = true, .capacity = 500, .cpus = 4, .pressure = 8},
};

static struct container four[] = {
	{.name = (char *)"w",
	 .host = (char *)"a",
	 .state = (char *)"running",
	 .memory = 100,
	 .work = 300,
	 .age = 10},
	{.name = (char *)"x",
	 .host = (char *)"a",
	 .state = (char *)"running",
	 .memory = 50,
	 .work = 100,
	 .age = 10,
	 .pinned = true},
	{.name = (char *)"y",
	 .host = (char *)"c",
	 .state = (char *)"paused",
	 .memory = -1,
	 .work = 0,
	 .age = 0},
	{.name = (char *)"z", .host = (char *)"c", .state = (char *)"stopped", .memory = -1},
};

static const struct fleet fleet = {three, 3, {four, 4}, {NULL, 0}};

static void by_memory(void **state)
{
	struct fleet_problem p;

	(void)state;
	fleet_problem(&fleet, BY_MEMORY, true, &p);
	assert_int_equal(p.plan.n_hosts, 2);
	assert_string_equal(p.rows[1]->name, "c");
	near(p.hosts[0].capacity, 1000);
	/* An ended container is missing; a pinned or paused one counts and stays. */
	assert_int_equal(p.plan.n_items, 3);
	near(p.items[0].size, 100);
	assert_false(p.items[0].fixed);
	assert_true(p.items[1].fixed);
	assert_true(p.items[2].fixed);
	assert_int_equal(p.items[2].host, 1);
	near(p.items[2].size, 0);
	assert_false(p.plan.whole);
	fleet_problem_clear(&p);
}

static void by_count(void **state)
{
	struct fleet_problem p;

	(void)state;
	fleet_problem(&fleet, BY_COUNT, true, &p);
	near(p.hosts[0].capacity, 1);
	for (size_t i = 0; i < p.plan.n_items; i++)
		near(p.items[i].size, 1);
	assert_true(p.plan.whole);
	fleet_problem_clear(&p);
	assert_int_equal(fleet_count(&fleet, "a"), 2);
	assert_int_equal(fleet_count(&fleet, "c"), 1);
}

/* Pressure is shared out by processor time; if none was used, no container is to blame. */
static void by_pressure(void **state)
{
	struct fleet_problem p;

	(void)state;
	fleet_problem(&fleet, BY_PRESSURE, true, &p);
	near(p.hosts[0].capacity, 2);
	near(p.items[0].size, 45);
	near(p.items[1].size, 15);
	near(p.hosts[0].base, 0);
	near(p.hosts[1].base, 8);
	near(p.items[2].size, 0);
	assert_true(p.plan.least > 0);
	fleet_problem_clear(&p);
}

/* A rebalance neither fills nor empties a cordoned host. */
static void cordoned(void **state)
{
	struct cordon mark = {.host = (char *)"c", .by = (char *)"ann@a", .since = (char *)"2026"};
	const struct fleet marked = {three, 3, {four, 4}, {&mark, 1}};
	struct fleet_problem p;

	(void)state;
	fleet_problem(&marked, BY_MEMORY, true, &p);
	assert_int_equal(p.plan.n_hosts, 1);
	assert_string_equal(p.rows[0]->name, "a");
	assert_int_equal(p.plan.n_items, 2);
	fleet_problem_clear(&p);
	CLEANUP_FREE char *said = fleet_cordoned(&marked, NULL);
	assert_string_equal(said, "c is cordoned since 2026 by ann@a");
	/* It is open while what left comes back. */
	mark.open = true;
	fleet_problem(&marked, BY_MEMORY, true, &p);
	assert_int_equal(p.plan.n_hosts, 2);
	fleet_problem_clear(&p);
}

static void words(void **state)
{
	enum fleet_by by = BY_COUNT;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fleet_by(NULL, &by, &err), 0);
	assert_int_equal(by, BY_MEMORY);
	assert_int_equal(fleet_by("pressure", &by, &err), 0);
	assert_int_equal(by, BY_PRESSURE);
	assert_int_equal(fleet_by("weight", &by, &err), -1);
	assert_int_equal(err.code, EXIT_USAGE);
	assert_non_null(strstr(err.msg, "'weight' is not one of memory, pressure, count"));
}

/* What runc keeps of a container here; pid 0: it has ended. */
static void write_state(const char *name, pid_t pid, const char *bundle)
{
	CLEANUP_FREE char *dir = str_fmt("/run/runc/%s", name);
	CLEANUP_FREE char *path = str_fmt("%s/state.json", dir);
	struct process process = {0};

	(void)process_read(pid, &process);
	CLEANUP_FREE char *text = str_fmt(
		"{\"id\":\"%s\",\"init_process_pid\":%d,\"init_process_start\":%llu,"
		"\"created\":\"2024-05-06T07:08:09Z\",\"config\":{\"rootfs\":\"/\",\"labels\":["
		"\"bundle=%s\"]},\"cgroup_paths\":{}}",
		name, (int)pid, process.start, bundle);
	assert_int_equal(mkdir(dir, 0700), 0);
	own_run_write(path, text);
}

/* Asks the real agent, which is sent to a host that is this machine; one host is off. */
static void asked(void **state)
{
	static const char text[] = "{\"hosts\": {\"one\": {\"memory\": \"1T\"}, \"off\": {}}}";
	struct config config;
	CLEANUP_ARGV struct argv names = {0};
	CLEANUP_FLEET struct fleet f = {0};
	struct err err = ERR_INIT;

	(void)state;
	char *dir = stub_dir_make();
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	CLEANUP_FREE char *bundle = str_fmt("%s/web", dir);
	stub_ssh(dir);
	assert_int_equal(mkdir(bundle, 0700), 0);
	stub_program(bundle, "config.json",
		     "{\"annotations\":\n{\"org.cmigrate.pin\"\n: \"true\","
		     "\"org.cmigrate.group\": \"front:together\","
		     "\"org.cmigrate.hosts\": \"one two\"}}");
	own_run_enter();
	write_state("web", getpid(), bundle);
	write_state("db", 0, "/none");
	assert_int_equal(config_parse(text, strlen(text), "test", &config, &err), 0);
	argv_addl(&names, "one", "off", NULL);
	assert_int_equal(fleet_ask(&config, &names, NULL, &f, &err), 0);
	assert_int_equal(f.n_hosts, 2);
	assert_true(f.hosts[0].answers);
	assert_int_equal(f.hosts[0].capacity, 1ULL << 40);
	assert_true(f.hosts[0].available > 0);
	assert_true(f.hosts[0].cpus > 0);
	assert_false(f.hosts[1].answers);
	assert_non_null(strstr(f.hosts[1].err.msg, "No route to host"));
	CLEANUP_FREE char *silent = fleet_silent(&f);
	assert_true(str_starts(silent, "off: no answer"));
	assert_int_equal(f.containers.n, 2);
	assert_string_equal(f.containers.rows[1].name, "web");
	assert_true(f.containers.rows[1].pinned);
	assert_string_equal(f.containers.rows[1].rule.group, "front");
	assert_true(f.containers.rows[1].rule.together);
	CLEANUP_FREE char *allowed = place_rule_hosts_text(&f.containers.rows[1].rule);
	assert_string_equal(allowed, "one,two");
	assert_null(f.containers.rows[0].rule.group);
	assert_false(f.containers.rows[0].pinned);
	config_clear(&config);
	assert_int_equal(setenv("PATH", path, 1), 0);
	stub_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts),    cmocka_unit_test(by_memory),
		cmocka_unit_test(by_count), cmocka_unit_test(by_pressure),
		cmocka_unit_test(cordoned), cmocka_unit_test(words),
		cmocka_unit_test(asked),
	};

	/* As in program_run(): a host that closes its connection must not end the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
