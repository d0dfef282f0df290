/* SPDX-License-Identifier: MIT */
/* cmigrate history: its table, one move in full, its objects and metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <ctype.h>
#include <time.h>

#include "cli/run_cmigrate.h"
#include "sample.h"

#define HISTORY "-b root history "

static int64_t now_s;

/* Adds a record of `name`, `hours` ago. extra: members that replace those of the sample. */
static void past_one(const char *name, int hours, const char *extra)
{
	CLEANUP_FREE char *dir = str_fmt("root/%s", name);
	CLEANUP_FREE char *state_dir = str_fmt("%s/.cmigrate", dir);
	CLEANUP_FREE char *path = str_fmt("%s/history", state_dir);
	CLEANUP_FREE char *id = str_fmt("20251121T233320-%08x", (unsigned)hours);
	json_t *record = sample_json(id, "moved", now_s - 3600 * hours);
	json_t *more = parsed(extra);

	(void)mkdir(dir, 0755);
	(void)mkdir(state_dir, 0700);
	assert_int_equal(json_object_set_new(record, "container", json_string(name)), 0);
	assert_int_equal(json_object_update(record, more), 0);
	CLEANUP_FREE char *text = json_dumps(record, JSON_COMPACT);
	FILE *f = fopen(path, "ae");
	assert_non_null(f);
	assert_true(fprintf(f, "%s\n", text) > 0);
	assert_int_equal(fclose(f), 0);
	json_decref(more);
	json_decref(record);
}

/* Adds `count` records, an hour apart, the last one an hour ago. */
static void past(const char *name, int count)
{
	now_s = (int64_t)time(NULL);
	for (int i = count; i > 0; i--)
		past_one(name, i, "{}");
}

/* The number of lines that the command prints. */
static size_t rows(const char *options)
{
	CLEANUP_FREE char *line = str_fmt(HISTORY "%s", options);
	CLEANUP_FREE char *text = prints(line);

	return lines_of(text);
}

static void assert_holds(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in '%s'", wanted, text);
}

static void assert_ordered(const char *text)
{
	CLEANUP_FREE char *before = NULL;

	for (const char *line = strchr(text, '\n') + 1; *line; line += strcspn(line, "\n") + 1) {
		CLEANUP_FREE char *when = str_dupn(line, strcspn(line, " "));
		assert_true(!before || strcmp(before, when) <= 0);
		str_set(&before, when);
	}
}

static void the_table_has_all_bundles_and_the_newest_last(void **state)
{
	(void)state;
	past("web", 3);
	past("db", 2);
	CLEANUP_FREE char *text = prints(HISTORY);
	assert_int_equal(lines_of(text), 6);
	assert_true(str_starts(text, "WHEN "));
	static const char *const heads[] = {"NAME",   "FROM",	 "TO",	     "STRATEGY", "OUTAGE",
					    "FROZEN", "OUTCOME", "WARNINGS", "MOVE\n"};
	const char *at = text;
	for (size_t i = 0; i < COUNT(heads); i++) {
		at = strstr(at, heads[i]);
		assert_non_null(at);
	}
	CLEANUP_FREE char *first = str_dupn(at + 5, strcspn(at + 5, "\n"));
	static const char *const cells[] = {"Z  ",    "web",	"rhel01", "rhel02", "cold",
					    "134 ms", "127 ms", "moved",  "-  ",    "00000003"};
	at = first;
	for (size_t i = 0; i < COUNT(cells); i++) {
		at = strstr(at, cells[i]);
		if (!at)
			fail_msg("no '%s' in '%s'", cells[i], first);
	}
	assert_ordered(text);
}

static void limits_since_and_names_choose(void **state)
{
	char when[32];

	(void)state;
	past("web", 3);
	past("db", 2);
	CLEANUP_FREE char *two = prints(HISTORY "--limit 2");
	assert_int_equal(lines_of(two), 3);
	assert_holds(two, "00000001\n");
	assert_int_equal(rows("db"), 3);
	assert_int_equal(rows("--since 90m"), 3);
	record_time(when, now_s + 86400);
	CLEANUP_FREE char *tomorrow = str_fmt("--since %.10s", when);
	assert_int_equal(rows(tomorrow), 1);
	record_time(when, now_s - 7500);
	CLEANUP_FREE char *hours = str_fmt("--since %s", when);
	assert_int_equal(rows(hours), 5);
}

static void one_move_in_full(void **state)
{
	static const char *const parts[] = {"controller: rhel01", "prepare", "dump"};

	(void)state;
	past("web", 2);
	CLEANUP_FREE char *text = prints(HISTORY "web --move 00000002");
	assert_true(str_starts(text, "moved 'web' from rhel01 to rhel02: outage "));
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_holds(text, parts[i]);
	CLEANUP_FREE char *last = prints(HISTORY "--move last --json");
	json_t *object = parsed(last);
	assert_at(object, "id", "\"20251121T233320-00000001\"");
	json_decref(object);
	refused(HISTORY "--move 00000009", 1, "no move '00000009' in the history");
	past_one("db", 1, "{\"id\": \"x-00000002\"}");
	refused(HISTORY "--move 00000002", 1, "several moves");
	free(prints(HISTORY "db --move x-00000002"));
}

static void warnings_are_in_the_table_and_in_full(void **state)
{
	(void)state;
	now_s = (int64_t)time(NULL);
	past_one("web", 1,
		 "{\"warnings\": [{\"check\": \"timers\", \"message\": \"one may stop\", "
		 "\"remedy\": \"set it\\u001b anew\"}, {\"check\": \"gate\"}]}");
	CLEANUP_FREE char *table = prints(HISTORY);
	assert_holds(table, "moved    timers,gate  00000001\n");
	CLEANUP_FREE char *one = prints(HISTORY "web --move last");
	assert_holds(one, "  warning of check 'timers': one may stop; set it? anew\n");
	assert_holds(one, "  warning of check 'gate'\n");
	CLEANUP_FREE char *json = prints(HISTORY "--json web");
	json_t *object = parsed(json);
	assert_at(object, "warnings.0.check", "\"timers\"");
	assert_at(object, "warnings.1.message", "null");
	json_decref(object);
}

static void records_are_shown_never_obeyed(void **state)
{
	(void)state;
	past("none", 1);
	past_one("web", 1,
		 "{\"outcome\": \"undone\", \"error\": \"\\u001b[2J<script>alert(1)</script>\", "
		 "\"answered_by\": \"a\\nb\"}");
	CLEANUP_FREE char *text = prints(HISTORY "web --move last");
	assert_null(strchr(text, '\033'));
	assert_holds(text, "?[2J<script>");
	/* A record of the bundle that this one was copied from. */
	past_one("db", 1, "{\"container\": \"web\"}");
	CLEANUP_ANSWER struct answer o = run_line(HISTORY "db");
	assert_int_equal(o.code, 0);
	assert_int_equal(lines_of(o.out), 1);
	assert_holds(o.err, "1 damaged");
}

static void a_damaged_line_is_one_warning(void **state)
{
	(void)state;
	past("web", 2);
	FILE *f = fopen("root/web/.cmigrate/history", "ae");
	assert_non_null(f);
	assert_true(fputs("{\"id\": 7}\n", f) >= 0);
	assert_int_equal(fclose(f), 0);
	CLEANUP_ANSWER struct answer o = run_line(HISTORY "web");
	assert_int_equal(o.code, 0);
	assert_int_equal(lines_of(o.out), 3);
	assert_int_equal(lines_of(o.err), 1);
	assert_holds(o.err, "root/web/.cmigrate/history': 1 damaged lines are left out\n");
}

static void nothing_moved_yet_and_nothing_there(void **state)
{
	(void)state;
	assert_int_equal(rows(""), 1);
	says_nothing(HISTORY "--json");
	refused(HISTORY "nowhere", 3, "no container 'nowhere'");
	CLEANUP_ANSWER struct answer o = run_line("-b nowhere history");
	assert_int_not_equal(o.code, 0);
}

static void objects_have_more_than_the_table(void **state)
{
	(void)state;
	past("web", 1);
	CLEANUP_FREE char *text = prints(HISTORY "--json web");
	json_t *object = parsed(text);
	assert_at(object, "event", NULL);
	assert_at(object, "container", "\"web\"");
	assert_at(object, "controller", "\"rhel01\"");
	assert_at(object, "steps.1.name", "\"dump\"");
	assert_at(object, "settled", "null");
	assert_at(object, "logs", "null");
	json_decref(object);
}

static void metrics_go_to_stdout_or_a_file(void **state)
{
	(void)state;
	past("web", 2);
	past_one("web", 3, "{\"outcome\": \"undone\"}");
	CLEANUP_FREE char *text = prints(HISTORY "--metrics -");
	assert_holds(text, "\ncmigrate_moves_total{container=\"web\",outcome=\"moved\"} 2\n");
	assert_holds(text, "\ncmigrate_moves_total{container=\"web\",outcome=\"undone\"} 1\n");
	says_nothing(HISTORY "--metrics other.prom");
	CLEANUP_FREE char *file = read_file("other.prom");
	assert_string_equal(file, text);
}

static void wrong_usage(void **state)
{
	static const char *const lines[] = {"--since yesterday", "--since 9999999d",
					    "--limit x",	 "a b",
					    "--metrics x web",	 "--metrics x --html x"};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		CLEANUP_FREE char *line = str_fmt(HISTORY "%s", lines[i]);
		refused(line, 2, "cmigrate: ");
	}
	assert_int_not_equal(access("x", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(the_table_has_all_bundles_and_the_newest_last),
		IN_DIRECTORY(limits_since_and_names_choose),
		IN_DIRECTORY(one_move_in_full),
		IN_DIRECTORY(warnings_are_in_the_table_and_in_full),
		IN_DIRECTORY(records_are_shown_never_obeyed),
		IN_DIRECTORY(a_damaged_line_is_one_warning),
		IN_DIRECTORY(nothing_moved_yet_and_nothing_there),
		IN_DIRECTORY(objects_have_more_than_the_table),
		IN_DIRECTORY(metrics_go_to_stdout_or_a_file),
		IN_DIRECTORY(wrong_usage),
	};

	return cmocka_run_group_tests(tests, directories_begin, directories_end);
}
