/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmigrate/base/version.h"
#include "cmigrate/history/all_histories.h"
#include "cmigrate/history/metrics.h"
#include "sample.h"
#include "stub.h"

#define MOMENT 1763768000

static char *dir;

static void put(struct history *h, int number, const char *outcome)
{
	CLEANUP_FREE char *id = str_fmt("20251121T233320-%08x", (unsigned)number);
	struct record r = sample(id, outcome, MOMENT + number);

	history_put(h, &r);
	assert_null(r.id);
}

static char *line_of(const char *id, const char *outcome)
{
	json_t *object = sample_json(id, outcome, MOMENT);
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	return text;
}

static void parse(struct history *h, const char *text)
{
	history_parse("web", text, strlen(text), h);
}

static void the_oldest_make_room_and_are_counted(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	for (int i = 0; i < HISTORY_MAX + 7; i++)
		put(&h, i, i % 5 ? "moved" : "undone");
	assert_int_equal(h.n, HISTORY_MAX);
	assert_int_equal(h.rows[0].started_s, MOMENT + 7);
	assert_int_equal(h.dropped[OUTCOME_MOVED], 5);
	assert_int_equal(h.dropped[OUTCOME_UNDONE], 2);
	history_text(&h, &text);
	CLEANUP_HISTORY struct history back = {0};
	parse(&back, text.s);
	assert_int_equal(back.n, HISTORY_MAX);
	assert_int_equal(back.damaged, 0);
	assert_int_equal(back.dropped[OUTCOME_MOVED], 5);
	assert_int_equal(back.dropped[OUTCOME_UNDONE], 2);
	assert_string_equal(back.rows[HISTORY_MAX - 1].id, h.rows[HISTORY_MAX - 1].id);
}

static void one_row_a_move(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};

	(void)state;
	put(&h, 1, "moved");
	put(&h, 2, "in-doubt");
	put(&h, 3, "moved");
	put(&h, 2, "undone");
	assert_int_equal(h.n, 3);
	assert_int_equal(h.rows[1].outcome, OUTCOME_UNDONE);
}

static void damaged_lines_are_left_out(void **state)
{
	CLEANUP_FREE char *good = line_of("a-1", "moved"), *other = line_of("a-2", "undone");
	char *at = strstr(other, "\"web\"");
	CLEANUP_HISTORY struct history h = {0}, torn = {0}, none = {0}, copied = {0};

	(void)state;
	CLEANUP_FREE char *text = str_fmt("%s\nrubbish\n\n[]\n{}\n%s\n", good, other);
	parse(&h, text);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.damaged, 4);
	CLEANUP_FREE char *half = str_fmt("%s\n%.60s", good, other);
	parse(&torn, half);
	assert_int_equal(torn.n, 1);
	assert_int_equal(torn.damaged, 1);
	parse(&none, "");
	assert_int_equal(none.n + none.damaged, 0);
	/* A record of the bundle that this one was copied from. */
	memcpy(at, "\"wob\"", 5);
	parse(&copied, other);
	assert_int_equal(copied.n, 0);
	assert_int_equal(copied.damaged, 1);
}

static void bytes_that_are_no_text(void **state)
{
	static const char bytes[] = "\0\0\n\xff\xfe\n{\"dropped\":{\"moved\":-3,\"lost\":\"x\"}}\n";
	CLEANUP_HISTORY struct history h = {0};

	(void)state;
	history_parse("web", bytes, sizeof(bytes) - 1, &h);
	assert_int_equal(h.n, 0);
	assert_int_equal(h.damaged, 2);
	assert_int_equal(h.dropped[OUTCOME_MOVED], 0);
}

static void add(const struct state_dir *state_dir, int number)
{
	CLEANUP_FREE char *id = str_fmt("20251121T233320-%08x", (unsigned)number);
	struct record r = sample(id, "moved", MOMENT + number);
	struct err err = ERR_INIT;
	unsigned damaged = 0;

	if (history_add(state_dir, "web", &r, &damaged, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(damaged, 0);
	record_clear(&r);
}

/* The file is the same here and over ssh, at its full size. */
static void beside_the_bundle(void **state)
{
	CLEANUP_HOST struct host *here = host_new("here", NULL, NULL, NULL);
	CLEANUP_HOST struct host *far = host_new("far", "far", NULL, NULL);
	struct host *hosts[] = {here, far};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *bundle = str_fmt("%s/%s", dir, hosts[i]->name);
		CLEANUP_FREE char *file = str_fmt("%s/.cmigrate/history", bundle);
		CLEANUP_HISTORY struct history h = {0}, many = {.container = str_dup("web")};
		CLEANUP_BUF struct buf text = {0};
		struct state_dir state_dir;
		struct err err = ERR_INIT;
		struct stat st;
		assert_int_equal(mkdir(bundle, 0755), 0);
		hosts[i]->root = str_dup(dir);
		state_dir_init(&state_dir, hosts[i], bundle);
		assert_int_equal(history_load(&state_dir, "web", &h, &err), 0);
		assert_int_equal(h.n, 0);
		history_clear(&h);
		for (int k = 0; k < HISTORY_MAX; k++)
			put(&many, k, "moved");
		history_text(&many, &text);
		assert_int_equal(state_dir_replace(&state_dir, HISTORY_FILE, text.s, &err), 0);
		add(&state_dir, HISTORY_MAX);
		add(&state_dir, HISTORY_MAX);
		assert_int_equal(history_load(&state_dir, "web", &h, &err), 0);
		assert_int_equal(h.n, HISTORY_MAX);
		assert_int_equal(h.dropped[OUTCOME_MOVED], 1);
		assert_int_equal(stat(file, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		state_dir_clear(&state_dir);
	}
}

static void all_containers_by_time(void **state)
{
	CLEANUP_ALL_HISTORIES struct all_histories all = {0};
	size_t n = 0;

	(void)state;
	all.v = mem_new(2, sizeof(*all.v));
	all.n = 2;
	all.v[0].container = str_dup("web");
	all.v[1].container = str_dup("web2");
	put(&all.v[0], 1, "moved");
	put(&all.v[0], 4, "moved");
	put(&all.v[1], 2, "moved");
	const struct record **rows = all_histories_rows(&all, 0, 0, &n);
	assert_int_equal(n, 3);
	assert_int_equal(rows[1]->started_s, MOMENT + 2);
	free(rows);
	rows = all_histories_rows(&all, MOMENT + 2, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0]->started_s, MOMENT + 4);
	free(rows);
	rows = all_histories_rows(&all, MOMENT + 5, 0, &n);
	assert_int_equal(n, 0);
	free(rows);
}

static void as_metrics(void **state)
{
	CLEANUP_ALL_HISTORIES struct all_histories all = {0};
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	all.v = mem_new(1, sizeof(*all.v));
	all.n = 1;
	all.v[0].container = str_dup("web");
	all.v[0].dropped[OUTCOME_MOVED] = 40;
	put(&all.v[0], 1, "moved");
	put(&all.v[0], 2, "in-doubt");
	put(&all.v[0], 3, "moved");
	all.v[0].rows[2].summary.freeze_ms = -1;
	metrics_text(&all, &text);
	assert_non_null(strstr(text.s, "# TYPE cmigrate_moves_total counter\n"
				       "cmigrate_moves_total{container=\"web\",outcome=\"moved\"} "
				       "42\n"));
	assert_non_null(
		strstr(text.s, "\ncmigrate_moves_total{container=\"web\",outcome=\"undone\"} 0\n"));
	/* A move in doubt has not ended: a counter of such moves would go down. */
	assert_null(strstr(text.s, "outcome=\"in-doubt\""));
	assert_non_null(strstr(text.s, "\ncmigrate_moves_in_doubt{container=\"web\"} 1\n"));
	assert_non_null(
		strstr(text.s, "\ncmigrate_last_move_outage_seconds{container=\"web\"} 0.1335\n"));
	assert_non_null(strstr(text.s, "\ncmigrate_last_move_timestamp_seconds{container=\"web\"} "
				       "1763768003\n"));
	assert_null(strstr(text.s, "\ncmigrate_last_move_freeze_seconds{"));
	assert_non_null(strstr(text.s,
			       "\ncmigrate_last_move_info{container=\"web\",source=\"rhel01\","
			       "destination=\"rhel02\",strategy=\"cold\",outcome=\"moved\"} 1\n"));
}

/* The lines of a metric, without its name. */
static void has(const struct buf *text, const char *line)
{
	CLEANUP_FREE char *whole = str_fmt("\n%s\n", line);

	if (!strstr(text->s, whole))
		fail_msg("no line '%s' in\n%s", line, text->s);
}

static struct record *put_times(struct history *h, int i, const char *outcome, double outage_ms,
				double total_ms)
{
	put(h, i, outcome);
	struct record *r = &h->rows[h->n - 1];
	r->summary.outage_ms = outage_ms;
	r->summary.freeze_ms = -1;
	r->summary.total_ms = total_ms;
	r->summary.memory_bytes = 1000;
	return r;
}

#define OUTAGE(bound, n)                                                                           \
	"cmigrate_move_outage_seconds_bucket{container=\"web\",strategy=\"cold\","                 \
	"outcome=\"moved\",le=\"" bound "\"} " n
#define OF(metric, outcome)                                                                        \
	"cmigrate_move_" metric "{container=\"web\",strategy=\"cold\",outcome=\"" outcome "\"} "

static void as_histograms(void **state)
{
	CLEANUP_ALL_HISTORIES struct all_histories all = {0};
	CLEANUP_BUF struct buf text = {0};
	struct facts facts;

	(void)state;
	all.v = mem_new(1, sizeof(*all.v));
	all.n = 1;
	all.v[0].container = str_dup("web");
	put_times(&all.v[0], 1, "moved", 50, 400);
	put_times(&all.v[0], 2, "moved", 51, 700);
	put_times(&all.v[0], 3, "moved", 40000, 60000);
	put_times(&all.v[0], 4, "moved", -1, -1);
	put_times(&all.v[0], 5, "in-doubt", 7, 8);
	put_times(&all.v[0], 6, "undone", -1, 2000);
	facts_parse(&facts, "cordon=rhel02 {\"host\":\"rhel02\",\"by\":\"a\",\"since\":"
			    "\"2025-11-21T23:33:20Z\"}\n"
			    "cordon=rhel03 {\"host\":\"rhel03\",\"open\":true}\n");
	cordons_add(&all.cordons, &facts);
	facts_clear(&facts);
	metrics_text(&all, &text);
	/* A bound belongs to its bucket, and each bucket counts those below it too. */
	has(&text, OUTAGE("0.05", "1"));
	has(&text, OUTAGE("0.1", "2"));
	has(&text, OUTAGE("30", "2"));
	has(&text, OUTAGE("+Inf", "3"));
	has(&text, OF("outage_seconds_sum", "moved") "40.1010");
	has(&text, OF("outage_seconds_count", "moved") "3");
	has(&text, OF("freeze_seconds_count", "moved") "0");
	has(&text, OF("duration_seconds_sum", "undone") "2.0000");
	has(&text, OF("memory_bytes_total", "moved") "4000");
	has(&text, "cmigrate_build_info{version=\"" CMIGRATE_VERSION "\"} 1");
	has(&text, "cmigrate_host_cordoned_timestamp_seconds{host=\"rhel02\"} 1763768000");
	assert_null(strstr(text.s, "rhel03"));
}

/* A histogram never goes down: what made room is counted on, in the file too. */
static void histograms_of_dropped_records(void **state)
{
	CLEANUP_HISTORY struct history h = {.container = str_dup("web")};
	CLEANUP_HISTORY struct history again = {0};
	CLEANUP_BUF struct buf text = {0};

	(void)state;
	for (int i = 0; i < HISTORY_MAX + 20; i++)
		put_times(&h, i, i % 2 ? "moved" : "undone", 150, 2500);
	history_text(&h, &text);
	history_parse("web", buf_str(&text), text.len, &again);
	assert_int_equal(again.n, HISTORY_MAX);
	assert_int_equal(again.damaged, 0);
	assert_int_equal(again.dropped_tally.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct tally_row *row = &again.dropped_tally.rows[i];
		assert_string_equal(row->strategy, "cold");
		assert_int_equal(row->times[TALLY_OUTAGE].counts[2], 10);
		assert_int_equal((int)(row->times[TALLY_DURATION].sum + 0.5), 25);
		assert_int_equal(row->memory_bytes, 10000);
	}
	CLEANUP_BUF struct buf same = {0};
	history_text(&again, &same);
	assert_string_equal(buf_str(&text), buf_str(&same));
}

static void a_damaged_tally(void **state)
{
	static const char *const texts[] = {"7",
					    "{}",
					    "[7]",
					    "[{\"strategy\":7,\"outcome\":\"moved\"}]",
					    "[{\"strategy\":\"cold\",\"outcome\":\"sold\"}]",
					    "[{\"strategy\":\"cold\",\"outcome\":\"in-doubt\"}]"};
	static const char negative[] =
		"[{\"strategy\":\"cold\",\"outcome\":\"moved\",\"memory_bytes\":-5,"
		"\"outage\":{\"counts\":[1,2],\"sum\":3},"
		"\"freeze\":{\"counts\":[-1,1,0,0,0,0,0,0,0,0,\"x\"],\"sum\":0.5}}]";

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		CLEANUP_TALLY struct tally t = {0};
		json_t *array = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		tally_read(&t, array);
		assert_int_equal(t.n, 0);
		json_decref(array);
	}
	CLEANUP_TALLY struct tally t = {0};
	json_t *array = json_loads(negative, 0, NULL);
	tally_read(&t, array);
	json_decref(array);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.rows[0].memory_bytes, 0);
	assert_int_equal(t.rows[0].times[TALLY_OUTAGE].counts[1], 0);
	assert_int_equal(t.rows[0].times[TALLY_FREEZE].counts[0], 0);
	assert_int_equal(t.rows[0].times[TALLY_FREEZE].counts[1], 1);
}

static int make(void **state)
{
	(void)state;
	dir = stub_dir_make();
	stub_ssh(dir);
	stub_path_add(dir);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	stub_dir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_make_room_and_are_counted),
		cmocka_unit_test(one_row_a_move),
		cmocka_unit_test(damaged_lines_are_left_out),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(beside_the_bundle),
		cmocka_unit_test(all_containers_by_time),
		cmocka_unit_test(as_metrics),
		cmocka_unit_test(as_histograms),
		cmocka_unit_test(histograms_of_dropped_records),
		cmocka_unit_test(a_damaged_tally),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
