/* SPDX-License-Identifier: MIT */
/*
 * Many moves at once. Each of them starts this very program: called as cmigrate would be, it plays
 * the move whose outcome is in the container's name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cmigrate/base/deadline.h"
#include "cmigrate/fleet/batch.h"
#include "cmigrate/move/move.h"
#include "slowness.h"
#include "stub.h"

#define LOG "CMIGRATE_TEST_LOG"

static void write_log(const char *line)
{
	int fd = open(getenv(LOG), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		abort();
	(void)close(fd);
}

static volatile sig_atomic_t stopped;

static void on_term(int sig)
{
	(void)sig;
	stopped = stopped + 1;
}

static int end_because(const char *name, const char *outcome, int code, const char *error,
		       const char *cause)
{
	printf("{\"event\":\"step\",\"name\":\"dump\"}\nnot json\n"
	       "{\"event\":\"summary\",\"container\":\"%s\",\"outcome\":\"%s\",\"exit_code\":%d,"
	       "\"outage_ms\":12.5,\"error\":%s%s%s,\"cause\":%s%s%s}\n",
	       name, outcome, code, *error ? "\"" : "", *error ? error : "null", *error ? "\"" : "",
	       cause ? "\"" : "", cause ? cause : "null", cause ? "\"" : "");
	if (*error)
		(void)fprintf(stderr, "cmigrate: %s\n", error);
	return code;
}

static int end(const char *name, const char *outcome, int code, const char *error)
{
	return end_because(name, outcome, code, error, NULL);
}

/* --json VERB --on HOST -- NAME */
static int play_act(char **argv)
{
	CLEANUP_FREE char *line = str_fmt("%s %s on %s\n", argv[2], argv[6], argv[4]);

	write_log(line);
	return strcmp(argv[6], "stubborn") == 0 ? end("stubborn", "failed", 1, "it is there")
						: end(argv[6], "done", 0, "");
}

/* --json [--config FILE] move --from FROM -- NAME TO */
static int play(int argc, char **argv)
{
	if (argc == 7 && strcmp(argv[3], "--on") == 0 && strcmp(argv[5], "--") == 0)
		return play_act(argv);

	const char *name = argv[argc - 2], *to = argv[argc - 1];
	CLEANUP_FREE char *begin = str_fmt("begin %s %s %s\n", name, argv[argc - 4], to);
	CLEANUP_FREE char *over = str_fmt("end %s\n", name);

	if (strcmp(argv[1], "--json") != 0 || strcmp(argv[argc - 6], "move") != 0 ||
	    strcmp(argv[argc - 5], "--from") != 0 || strcmp(argv[argc - 3], "--") != 0)
		return 99;
	write_log(begin);
	if (str_starts(name, "slow"))
		clock_sleep_ms(scaled_ms(150));
	if (str_starts(name, "endless")) {
		(void)signal(SIGTERM, on_term);
		write_log("ready\n");
		while (!stopped)
			clock_sleep_ms(5);
		/* A second signal would be counted too. */
		clock_sleep_ms(250);
		write_log(stopped == 1 ? "told once\n" : "told more often\n");
		return end(name, "undone", 4, "stopped by a signal");
	}
	write_log(over);
	if (str_starts(name, "picky") && strcmp(to, "c") != 0)
		return end_because(name, "refused", 3, "port 80 is in use", "check");
	if (str_starts(name, "locked"))
		return end(name, "refused", 3, "check 'locks': a lock");
	if (str_starts(name, "gone"))
		return end_because(name, "refused", 3, "any words", "gone");
	if (str_starts(name, "busy"))
		return end_because(name, "refused", 7, "an interrupted move? no", "locked");
	if (str_starts(name, "pending"))
		return end_because(name, "refused", 7, "any words", "pending");
	if (str_starts(name, "undone"))
		return end(name, "undone", 4, "the restore failed");
	if (str_starts(name, "doubt"))
		return end(name, "in-doubt", 6, "nobody knows");
	if (str_starts(name, "killed"))
		(void)raise(SIGKILL);
	if (str_starts(name, "mute"))
		return 1;
	return end(name, "moved", 0, "");
}

struct fixture {
	char *dir, *log;
	struct batch batch;
	struct batch_move rows[12];
	struct batch_caller caller;
	size_t reported;
	unsigned tries;
};

static void report(void *ctx, size_t row)
{
	struct fixture *f = ctx;

	(void)row;
	f->reported++;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(1, sizeof(*f));

	f->dir = stub_dir_make();
	f->log = str_fmt("%s/log", f->dir);
	f->batch = (struct batch){.caller = &f->caller, .verb = "move", .rows = f->rows};
	f->batch.ways = (struct batch_ways){.report = report, .ctx = f};
	*state = f;
	move_cancelled = 0;
	return setenv(LOG, f->log, 1);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->batch.n; i++)
		batch_move_clear(&f->rows[i]);
	stub_dir_remove(f->dir);
	free(f->log);
	free(f);
	return 0;
}

static struct batch_move *add(struct fixture *f, const char *name, const char *from, const char *to)
{
	struct batch_move *m = &f->rows[f->batch.n++];

	m->name = str_dup(name);
	m->from = str_dup(from);
	m->to = str_dup(to);
	return m;
}

static char *read_log(const struct fixture *f)
{
	struct buf text = {0};
	char chunk[4096];
	FILE *file = fopen(f->log, "re");

	for (size_t n; file && (n = fread(chunk, 1, sizeof(chunk), file)) > 0;)
		buf_add(&text, chunk, n);
	if (file)
		(void)fclose(file);
	return buf_steal(&text);
}

/* The largest number of processes that ran at once. */
static int at_once(const char *log)
{
	int now = 0, most = 0;

	for (const char *line = log; line && *line; line = strchr(line, '\n') + 1) {
		now += str_starts(line, "begin ") ? 1 : str_starts(line, "end ") ? -1 : 0;
		most = now > most ? now : most;
	}
	return most;
}

static void outcomes(void **state)
{
	static const struct {
		const char *name;
		enum batch_outcome outcome;
		int code;
		const char *error;
	} rows[] = {
		{"web", BATCH_MOVED, 0, NULL},
		{"locked", BATCH_REFUSED, 3, "check 'locks': a lock"},
		{"gone", BATCH_GONE, 3, "any words"},
		{"busy", BATCH_BUSY, 7, "an interrupted move? no"},
		{"pending", BATCH_PENDING, 7, "any words"},
		{"undone", BATCH_UNDONE, 4, "the restore failed"},
		{"doubt", BATCH_IN_DOUBT, 6, "nobody knows"},
		{"killed", BATCH_FAILED, 137, "killed by signal 9; 'cmigrate recover killed'"},
		{"mute", BATCH_FAILED, 1, "its process ended with status 1"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		add(f, rows[i].name, "a", "b");
	batch_run(&f->batch);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct batch_move *m = &f->rows[i];
		assert_string_equal(batch_word(m->outcome), batch_word(rows[i].outcome));
		assert_int_equal(m->exit_code, rows[i].code);
		assert_true(m->ms >= 0);
		if (rows[i].error)
			assert_non_null(strstr(m->error, rows[i].error));
		else
			assert_null(m->error);
	}
	assert_true(f->rows[0].summary.outage_ms > 12.4);
	assert_int_equal(f->reported, f->batch.n);
	assert_int_equal(batch_count(f->batch.rows, f->batch.n, BATCH_FAILED), 2);
	assert_false(batch_is_failure(BATCH_BUSY));
	assert_false(batch_is_failure(BATCH_GONE));
	assert_false(batch_is_failure(BATCH_WAITING));
	assert_true(batch_is_failure(BATCH_PENDING));
	assert_false(f->batch.stopped);
}

/* Two moves out of a host and two into a host unless more are allowed, in the order of the rows. */
static void limits(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 6; i++) {
		CLEANUP_FREE char *name = str_fmt("slow%d", i);
		add(f, name, "a", i % 2 ? "b" : "c");
	}
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	assert_int_equal(at_once(log), 2);
	assert_true(str_starts(log, "begin slow"));
	assert_int_equal(batch_count(f->batch.rows, f->batch.n, BATCH_MOVED), 6);
}

static void limit_into(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 6; i++) {
		CLEANUP_FREE char *name = str_fmt("slow%d", i), *from = str_fmt("h%d", i);
		add(f, name, from, "b");
	}
	f->batch.parallel = 3;
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	assert_int_equal(at_once(log), 3);
}

/* Tries hosts in turn until one takes it. */
static int choose_next(void *ctx, size_t row, struct err *err)
{
	struct fixture *f = ctx;
	struct batch_move *m = &f->rows[row];

	if (m->to && *m->to == 'd')
		return err_set(err, EXIT_REFUSED, "no host is left");
	CLEANUP_FREE char *next = str_fmt("%c", m->to ? *m->to + 1 : 'b');
	str_set(&m->to, next);
	return 0;
}

static bool worth_another(void *ctx, size_t row)
{
	struct fixture *f = ctx;

	return summary_has_cause(&f->rows[row].summary, CAUSE_CHECK);
}

static void next_candidate(void **state)
{
	struct fixture *f = *state;

	f->batch.ways.choose = choose_next;
	f->batch.ways.refused = worth_another;
	add(f, "picky", "a", NULL);
	add(f, "locked", "a", NULL);
	batch_run(&f->batch);
	assert_int_equal(f->rows[0].outcome, BATCH_MOVED);
	assert_string_equal(f->rows[0].to, "c");
	assert_int_equal(f->rows[1].outcome, BATCH_REFUSED);
	assert_string_equal(f->rows[1].to, "b");
	/* If no host is left, the last refusal is reported. */
	struct batch_move *m = add(f, "picky", "a", "d");
	m->outcome = BATCH_REFUSED;
	str_set(&m->error, "check 'ports': in use");
	f->rows[0].done = f->rows[1].done = true;
	batch_run(&f->batch);
	assert_int_equal(m->outcome, BATCH_REFUSED);
	assert_string_equal(m->error, "check 'ports': in use");
	assert_int_equal(m->exit_code, -1);
}

/* A container that another cmigrate holds is tried again for a while. */
static void busy(void **state)
{
	struct fixture *f = *state;

	add(f, "busy", "a", "b");
	f->batch.busy_ms = scaled_ms(1500);
	batch_run(&f->batch);
	assert_int_equal(f->rows[0].outcome, BATCH_BUSY);
	CLEANUP_FREE char *log = read_log(f);
	assert_non_null(strstr(log + 1, "begin busy"));
	assert_int_equal(f->reported, 1);
}

static void first_error(void **state)
{
	struct fixture *f = *state;

	f->batch.parallel = 1;
	f->batch.stop_on_error = true;
	add(f, "web", "a", "b");
	add(f, "undone", "a", "b");
	add(f, "late", "a", "b");
	batch_run(&f->batch);
	assert_int_equal(f->rows[0].outcome, BATCH_MOVED);
	assert_int_equal(f->rows[1].outcome, BATCH_UNDONE);
	assert_int_equal(f->rows[2].outcome, BATCH_WAITING);
	assert_int_equal(f->rows[2].exit_code, -1);
	assert_true(f->rows[2].ms < 0);
	assert_int_equal(f->reported, 3);
	assert_true(f->batch.stopped);
}

/* Sends the signal once a process is ready for it. */
static void begun_endless(void *ctx, size_t row)
{
	struct fixture *f = ctx;

	(void)row;
	for (int64_t until = deadline_in_ms(scaled_ms(5000)); !deadline_passed(until);) {
		CLEANUP_FREE char *log = read_log(f);
		if (strstr(log, "ready"))
			break;
		clock_sleep_ms(5);
	}
	move_cancelled = SIGINT;
}

static void signals(void **state)
{
	struct fixture *f = *state;

	f->batch.parallel = 1;
	f->batch.ways.begun = begun_endless;
	add(f, "endless", "a", "b");
	add(f, "late", "a", "b");
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	assert_non_null(strstr(log, "told once"));
	assert_null(strstr(log, "late"));
	assert_int_equal(f->rows[0].outcome, BATCH_UNDONE);
	assert_int_equal(f->rows[1].outcome, BATCH_WAITING);
	assert_true(f->batch.stopped);
}

static void options_of_each_process(void **state)
{
	CLEANUP_ARGV struct argv skip = {0}, options = {0}, lenient = {0};
	struct err err = ERR_INIT;

	(void)state;
	argv_add(&skip, "ports,gate");
	assert_int_equal(batch_check_options(2, &skip, true, &options, &err), 0);
	assert_int_equal(options.n, 5);
	assert_string_equal(options.v[1], "ports");
	assert_string_equal(options.v[2], "--skip-check");
	assert_string_equal(options.v[4], "--strict");
	assert_int_equal(batch_check_options(2, &(struct argv){0}, false, &lenient, &err), 0);
	assert_int_equal(lenient.n, 0);
	batch_add_wishes(0, NULL, NULL, &lenient);
	assert_int_equal(lenient.n, 0);
	batch_add_wishes(250, "abort", "required", &lenient);
	assert_int_equal(lenient.n, 3);
	assert_string_equal(lenient.v[0], "--max-downtime=250");
	assert_string_equal(lenient.v[1], "--if-slow=abort");
	assert_string_equal(lenient.v[2], "--encrypt=required");
}

/* Rows that are no moves, and what they have become. */
static void acts(void **state)
{
	static const struct {
		const char *name, *verb, *outcome, *line;
	} rows[] = {
		{"a", "checkpoint", "checkpointed", "checkpoint a on src\n"},
		{"b", "stop", "stopped", "stop b on src\n"},
		{"c", "restore", "restored", "restore c on dst\n"},
		{"d", "run", "started", "run d on dst\n"},
		{"stubborn", "stop", "failed", "stop stubborn on src\n"},
	};
	static const struct argv options = {.n = 0};
	struct fixture *f = *state;

	f->batch.options = &options;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		add(f, rows[i].name, "src", i == 1 ? NULL : "dst")->verb = rows[i].verb;
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_string_equal(batch_word(f->rows[i].outcome), rows[i].outcome);
		assert_non_null(strstr(log, rows[i].line));
		assert_int_equal(batch_is_failure(f->rows[i].outcome), i == 4);
	}
	assert_int_equal(f->reported, 5);
}

static bool twice(void *ctx, size_t row)
{
	struct fixture *f = ctx;

	return f->rows[row].outcome == BATCH_FAILED && ++f->tries < 2;
}

/* What fails may be tried again on the same host. */
static void tried_again(void **state)
{
	struct fixture *f = *state;

	f->batch.ways.refused = twice;
	add(f, "stubborn", "src", "dst")->verb = "restore";
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	assert_string_equal(log, "restore stubborn on dst\nrestore stubborn on dst\n");
	assert_int_equal(f->rows[0].outcome, BATCH_FAILED);
	assert_int_equal(f->reported, 1);
}

/* "late" never has the time. The endless one runs out of it once it is under way. */
static bool out_of_time(void *ctx, size_t row, bool running, struct err *why)
{
	struct fixture *f = ctx;
	CLEANUP_FREE char *log = read_log(f);

	(void)err_set(why, EXIT_FAILED, "no time left");
	if (running)
		return strstr(log, "ready") != NULL;
	return str_starts(f->rows[row].name, "late") || f->rows[row].outcome == BATCH_UNDONE;
}

static bool try_again(void *ctx, size_t row)
{
	(void)ctx;
	(void)row;
	return true;
}

static void time_runs_out(void **state)
{
	struct fixture *f = *state;

	f->batch.ways.late = out_of_time;
	f->batch.ways.refused = try_again;
	add(f, "late", "a", "b");
	add(f, "endless", "a", "b");
	add(f, "web", "a", "c");
	batch_run(&f->batch);
	CLEANUP_FREE char *log = read_log(f);
	assert_null(strstr(log, "begin late"));
	assert_non_null(strstr(log, "told once"));
	assert_int_equal(f->rows[0].outcome, BATCH_LATE);
	assert_string_equal(f->rows[0].error, "no time left");
	assert_int_equal(f->rows[0].exit_code, -1);
	/* It was undone, and there is no time for another host. */
	assert_int_equal(f->rows[1].outcome, BATCH_LATE);
	assert_string_equal(f->rows[1].error, "stopped by a signal");
	assert_int_equal(f->rows[2].outcome, BATCH_MOVED);
	assert_int_equal(f->reported, 3);
	assert_true(batch_is_failure(BATCH_LATE));
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return play(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(outcomes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limit_into, set_up, tear_down),
		cmocka_unit_test_setup_teardown(next_candidate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(first_error, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals, set_up, tear_down),
		cmocka_unit_test(options_of_each_process),
		cmocka_unit_test_setup_teardown(acts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tried_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_runs_out, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
