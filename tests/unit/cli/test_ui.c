/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmigrate/base/str.h"
#include "cmigrate/cli/ui.h"
#include "cmigrate/history/timeline.h"
#include "slowness.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- output: stdout and stderr go to files meanwhile ---- */

struct capture {
	FILE *files[2];
	int kept[2];
};

static void capture_begin(struct capture *c)
{
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		c->files[i] = tmpfile();
		assert_non_null(c->files[i]);
		c->kept[i] = dup(STDOUT_FILENO + i);
		assert_int_not_equal(dup2(fileno(c->files[i]), STDOUT_FILENO + i), -1);
	}
}

static char *capture_text(FILE *file)
{
	char text[8192];

	rewind(file);
	size_t n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	(void)fclose(file);
	return str_dup(text);
}

static void capture_end(struct capture *c, char **ret_out, char **ret_err)
{
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(c->kept[i], STDOUT_FILENO + i);
		(void)close(c->kept[i]);
	}
	*ret_out = capture_text(c->files[0]);
	*ret_err = capture_text(c->files[1]);
}

enum mode { TEXT = 0, JSON = 1, QUIET = 2, VERBOSE = 4 };

static struct ui *ui_of(int mode)
{
	return ui_new(mode & JSON, mode & QUIET, mode & VERBOSE);
}

static void say_everything(struct ui *ui)
{
	static const struct event events[] = {
		{.kind = EVENT_COMMAND, .host = "rhel02", .text = "ip addr add a"},
		{.kind = EVENT_STEP_BEGIN, .name = "hold", .at_ms = 10},
		{.kind = EVENT_STEP_END, .name = "hold", .ms = 3.14, .at_ms = 13.14},
		{.kind = EVENT_PROGRESS,
		 .name = "pre-copy",
		 .bytes = 4096,
		 .bytes_second = 8192,
		 .pages = 7,
		 .at_ms = 20},
		{.kind = EVENT_STEP_END, .name = "dump", .ms = 23, .at_ms = 40, .text = "180M"},
		{.kind = EVENT_UNDO, .name = "dump"},
		{.kind = EVENT_NOTE, .text = "no arping"},
	};

	for (size_t i = 0; i < COUNT(events); i++)
		ui_event(ui, &events[i]);
}

static void events_in_every_mode(void **state)
{
	static const char plain[] = "hold           3.1 ms\n"
				    "dump            23 ms  180M\n"
				    "undo dump\n"
				    "note: no arping\n";
	static const char objects[] =
		"{\"event\":\"step\",\"name\":\"hold\",\"start_ms\":10.0,\"ms\":3.1}\n"
		"{\"event\":\"progress\",\"name\":\"pre-copy\",\"at_ms\":20.0,\"bytes\":4096,"
		"\"bytes_second\":8192,\"pages\":7}\n"
		"{\"event\":\"step\",\"name\":\"dump\",\"start_ms\":17.0,\"ms\":23.0,\"text\":"
		"\"180M\"}\n"
		"{\"event\":\"undo\",\"name\":\"dump\"}\n"
		"{\"event\":\"note\",\"text\":\"no arping\"}\n";
	static const char command[] = "[rhel02] + ip addr add a\n";
	CLEANUP_FREE char *both = str_fmt("%s%s", command, plain);
	const struct {
		int mode;
		const char *out, *err;
	} rows[] = {
		{TEXT, "", plain},
		{VERBOSE, "", both},
		{QUIET, "", ""},
		{JSON, objects, ""},
		{JSON | VERBOSE, objects, command},
		{JSON | QUIET, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_FREE char *out = NULL, *err = NULL;
		struct capture c;
		capture_begin(&c);
		struct ui *ui = ui_of(rows[i].mode);
		say_everything(ui);
		ui_free(ui);
		capture_end(&c, &out, &err);
		assert_string_equal(out, rows[i].out);
		assert_string_equal(err, rows[i].err);
	}
}

static void a_table(void **state)
{
	static const char *const headers[] = {"NAME", "HOST", "STATE", NULL};
	static const char *const rows[][3] = {{"rhel7-httpd", "rhel01", "running"},
					      {"caf\xc3\xa9", NULL, "a\nb"}};
	CLEANUP_FREE char *out = NULL, *err = NULL;
	struct capture c;

	(void)state;
	capture_begin(&c);
	for (int mode = TEXT; mode <= QUIET; mode++) {
		struct ui *ui = ui_of(mode);
		struct ui_table *t = ui_table_new(headers);
		ui_table_row(t, rows[0]);
		ui_table_row(t, rows[1]);
		ui_table_print(ui, t);
		if (mode == TEXT)
			ui_print(ui, "--\n");
		ui_free(ui);
	}
	capture_end(&c, &out, &err);
	/* A result: not printed with --json, but printed with --quiet. */
	static const char table[] = "NAME         HOST    STATE\n"
				    "rhel7-httpd  rhel01  running\n"
				    "caf\xc3\xa9         -       a?b\n";
	CLEANUP_FREE char *wanted = str_fmt("%s--\n%s", table, table);
	assert_string_equal(out, wanted);
	assert_string_equal(err, "");
}

static void bytes(void **state)
{
	static const struct {
		unsigned long long bytes;
		const char *text;
	} rows[] = {
		{0, "0"},
		{7, "7"},
		{999, "999"},
		{1000, "1K"},
		{12288, "12K"},
		{1536, "1.5K"},
		{228ULL << 20, "228M"},
		{1536ULL << 20, "1.5G"},
		{2ULL << 30, "2G"},
		{1023ULL << 20, "1G"},
		{UINT64_MAX, "16E"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[16];
		ui_bytes(text, rows[i].bytes);
		assert_string_equal(text, rows[i].text);
	}
}

/* ---- on a terminal ---- */

struct terminal {
	int master, slave, kept[2];
};

static void terminal_begin(struct terminal *t, unsigned short width)
{
	struct winsize size = {.ws_col = width, .ws_row = 24};

	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
	t->slave = open(ptsname(t->master), O_RDWR | O_NOCTTY);
	assert_true(t->slave >= 0);
	assert_int_equal(ioctl(t->slave, TIOCSWINSZ, &size), 0);
	(void)setenv("TERM", "xterm", 1);
	(void)unsetenv("NO_COLOR");
	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		t->kept[i] = dup(STDOUT_FILENO + i);
		(void)dup2(t->slave, STDOUT_FILENO + i);
	}
}

static char *terminal_end(struct terminal *t)
{
	char text[8192];

	(void)fflush(NULL);
	for (int i = 0; i < 2; i++) {
		(void)dup2(t->kept[i], STDOUT_FILENO + i);
		(void)close(t->kept[i]);
	}
	/* The kernel delivers it asynchronously. */
	struct pollfd p = {.fd = t->master, .events = POLLIN};
	size_t len = 0;
	while (len < sizeof(text) - 1 && poll(&p, 1, 200) == 1) {
		ssize_t n = read(t->master, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	(void)close(t->slave);
	(void)close(t->master);
	return str_dup(text);
}

static void one_live_line(void **state)
{
	struct terminal t;

	(void)state;
	terminal_begin(&t, 26);
	struct ui *ui = ui_of(TEXT);
	say_everything(ui);
	ui_event(ui, &(struct event){.kind = EVENT_STEP_BEGIN, .name = "restore"});
	ui_free(ui);
	CLEANUP_FREE char *text = terminal_end(&t);
	assert_string_equal(text, "\r\033[Khold"
				  "\r\033[Khold  3.1 ms"
				  "\r\033[Kpre-copy  4K  8K/s  7 pag" /* cut to 25 columns */
				  "\r\033[Kdump  23 ms"
				  "\r\033[Kundo dump\r\n"
				  "note: no arping\r\n"
				  "\r\033[Krestore\r\033[K");
}

/* After Ctrl-S nothing waits: the live line is left out, other lines are printed later. */
static void a_stopped_terminal_stops_nothing(void **state)
{
	struct terminal t;

	(void)state;
	terminal_begin(&t, 80);
	struct ui *ui = ui_of(TEXT);
	assert_int_equal(tcflow(t.slave, TCOOFF), 0);
	(void)alarm(10 * (unsigned)test_slowness());
	for (int i = 0; i < 10; i++)
		ui_event(ui, &(struct event){.kind = EVENT_STEP_BEGIN, .name = "dump"});
	ui_event(ui, &(struct event){.kind = EVENT_NOTE, .text = "later"});
	(void)alarm(0);
	assert_int_equal(tcflow(t.slave, TCOON), 0);
	ui_free(ui);
	CLEANUP_FREE char *text = terminal_end(&t);
	assert_string_equal(text, "note: later\r\n");
}

static void colours_can_be_switched_off(void **state)
{
	static const struct {
		const char *name, *value;
		bool coloured;
	} rows[] = {
		{"TERM", "xterm", true},
		{"NO_COLOR", "1", false},
		{"TERM", "dumb", false},
	};
	struct err err = ERR_INIT;

	(void)state;
	(void)err_set(&err, EXIT_FAILED, "it failed");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct terminal t;
		terminal_begin(&t, 80);
		(void)setenv(rows[i].name, rows[i].value, 1);
		struct ui *ui = ui_of(TEXT);
		ui_error(ui, &err);
		ui_free(ui);
		CLEANUP_FREE char *text = terminal_end(&t);
		assert_string_equal(text, rows[i].coloured
						  ? "\033[31mcmigrate:\033[0m it failed\r\n"
						  : "cmigrate: it failed\r\n");
	}
}

/* ---- summaries ---- */

static void a_move(struct summary *s)
{
	*s = (struct summary){
		.container = str_dup("web"),
		.source = str_dup("rhel01"),
		.destination = str_dup("rhel02"),
		.strategy = str_dup("cold"),
		.outcome = str_dup("moved"),
		.outage_ms = 74,
		.freeze_ms = 69,
		.total_ms = 1000,
		.freeze_start_ms = 600,
		.memory_bytes = 180ULL << 20,
	};
	summary_step_add(s, "check", 0, 500, false);
	summary_step_add(s, "restore", 627, 40, true);
	summary_step_add(s, "pause", 600, 4, true);
	summary_step_add(s, "dump", 604, 23, true);
	summary_step_add(s, "answer", 667, 7, false);
	summary_step_add(s, "clean", 700, 300, false);
}

static void headlines(void **state)
{
	static const struct {
		const char *outcome, *error, *wanted;
	} rows[] = {
		{"moved", NULL,
		 "moved 'web' from rhel01 to rhel02: outage 74 ms, frozen 69 ms, 180 MiB in 1.0 s "
		 "(cold)"},
		{"undone", "rhel02: no space",
		 "undone: 'web' runs on rhel01 again: rhel02: no space"},
		{"refused", "no criu", "refused: 'web' stays on rhel01: no criu"},
		{"silent", "connection refused",
		 "silent: 'web' runs on rhel02, and its endpoint did not answer: connection "
		 "refused"},
		{"in-doubt", "rhel02: no answer",
		 "in doubt: 'web' runs on rhel01 or rhel02, 'cmigrate recover web' settles it: "
		 "rhel02: no answer"},
		{"failed", NULL, "failed: 'web' from rhel01 to rhel02"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_BUF struct buf out = {0};
		struct summary s;
		a_move(&s);
		str_set(&s.outcome, rows[i].outcome);
		str_set(&s.error, rows[i].error);
		timeline_headline(&s, &out);
		assert_string_equal(out.s, rows[i].wanted);
		summary_clear(&s);
	}
}

static void unknown_values_are_left_out(void **state)
{
	CLEANUP_BUF struct buf out = {0};
	struct summary s;

	(void)state;
	a_move(&s);
	s.outage_ms = -1;
	s.memory_bytes = 0;
	str_set(&s.strategy, NULL);
	timeline_headline(&s, &out);
	assert_string_equal(out.s, "moved 'web' from rhel01 to rhel02: frozen 69 ms, in 1.0 s");
	summary_clear(&s);
}

static void drawn_to_scale(void **state)
{
	CLEANUP_BUF struct buf out = {0};
	struct summary s;

	(void)state;
	a_move(&s);
	timeline_draw(&s, 60, false, &out);
	assert_string_equal(out.s, "  steps   0                                1.0 s\n"
				   "  check   -------------------                         500 ms\n"
				   "  outage                         ###                   74 ms\n"
				   "  clean                              -----------      300 ms\n"
				   "\n"
				   "  outage  0                                74 ms\n"
				   "  frozen  ###################################          69 ms\n"
				   "  pause   ##                                          4.0 ms\n"
				   "  dump      ############                               23 ms\n"
				   "  restore               ####################           40 ms\n"
				   "  answer                                    ----      7.0 ms\n"
				   "          # frozen  - running\n");
	summary_clear(&s);
}

static size_t columns(const char *line)
{
	size_t n = 0;

	for (; *line; line++)
		n += ((unsigned char)*line & 0xc0) != 0x80;
	return n;
}

/* No line is too long and no bar is missing, whatever the figures. */
static void never_too_wide(void **state)
{
	static const double lengths[] = {0, 0.01, 3, 74, 999.9, 12345, 7.2e6, 1e13};
	struct summary s;

	(void)state;
	for (size_t i = 0; i < COUNT(lengths) * COUNT(lengths); i++) {
		double a = lengths[i % COUNT(lengths)], b = lengths[i / COUNT(lengths)];
		s = (struct summary){.outage_ms = b, .freeze_ms = a, .freeze_start_ms = a};
		summary_step_add(&s, "a-name-that-is-far-too-long", 0, a, false);
		summary_step_add(&s, "dump", a, b, true);
		summary_step_add(&s, "end", a + b, b, false);
		for (unsigned width = 0; width <= 100; width += 20) {
			CLEANUP_BUF struct buf out = {0};
			timeline_draw(&s, width, width % 40 != 0, &out);
			for (char *rest = out.s, *line; (line = strsep(&rest, "\n")) != NULL;)
				assert_in_range(columns(line), 0, width < 40 ? 40 : width);
		}
		summary_clear(&s);
	}
}

static void without_a_freeze_there_is_one_ruler(void **state)
{
	CLEANUP_BUF struct buf out = {0}, none = {0};
	struct summary s = {.outage_ms = -1, .freeze_ms = -1, .freeze_start_ms = -1};

	(void)state;
	timeline_draw(&s, 80, true, &none);
	assert_int_equal(none.len, 0);
	summary_step_add(&s, "check", 0, 500, false);
	timeline_draw(&s, 80, true, &out);
	assert_null(strstr(out.s, "outage"));
	assert_null(strstr(out.s, TIMELINE_FROZEN));
	assert_non_null(strstr(out.s, TIMELINE_RUNNING));
	summary_clear(&s);
}

/* A move undone during the freeze: only the frozen steps tell how long it was. */
static void a_freeze_of_unknown_length(void **state)
{
	CLEANUP_BUF struct buf out = {0};
	struct summary s = {.outage_ms = -1, .freeze_ms = -1, .freeze_start_ms = 10};

	(void)state;
	summary_step_add(&s, "dump", 10, 30, true);
	timeline_draw(&s, 60, false, &out);
	assert_non_null(strstr(out.s, "  frozen ###"));
	assert_non_null(strstr(out.s, "30 ms\n"));
	summary_clear(&s);
}

static void an_outcome_and_its_error_are_printed_once(void **state)
{
	CLEANUP_FREE char *out = NULL, *err = NULL;
	struct err error = ERR_INIT;
	struct capture c;
	struct summary s;

	(void)state;
	a_move(&s);
	str_set(&s.outcome, "undone");
	s.exit_code = EXIT_UNDONE;
	str_set(&s.error, "rhel02: no space");
	(void)err_set(&error, EXIT_UNDONE, "rhel02: no space");
	capture_begin(&c);
	struct ui *ui = ui_of(QUIET);
	ui_summary(ui, &s);
	ui_error(ui, &error);
	(void)err_set(&error, EXIT_UNDONE, "another");
	ui_error(ui, &error);
	ui_free(ui);
	capture_end(&c, &out, &err);
	assert_string_equal(out, "");
	assert_string_equal(err, "cmigrate: undone: 'web' runs on rhel01 again: rhel02: no space\n"
				 "cmigrate: another\n");
	summary_clear(&s);
}

static void a_good_move_is_a_result(void **state)
{
	struct summary s;

	(void)state;
	a_move(&s);
	for (int mode = TEXT; mode <= QUIET; mode++) {
		CLEANUP_FREE char *out = NULL, *err = NULL;
		struct capture c;
		capture_begin(&c);
		struct ui *ui = ui_of(mode);
		ui_summary(ui, &s);
		ui_free(ui);
		capture_end(&c, &out, &err);
		assert_string_equal(err, "");
		if (mode == TEXT)
			assert_true(str_starts(out, "moved 'web' from rhel01 to rhel02: outage"));
		else if (mode == JSON)
			assert_true(
				str_starts(out, "{\"event\":\"summary\",\"container\":\"web\""));
		else
			assert_string_equal(out, "");
		assert_null(strstr(out, "\033"));
	}
	summary_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_in_every_mode),
		cmocka_unit_test(a_table),
		cmocka_unit_test(bytes),
		cmocka_unit_test(one_live_line),
		cmocka_unit_test(a_stopped_terminal_stops_nothing),
		cmocka_unit_test(colours_can_be_switched_off),
		cmocka_unit_test(headlines),
		cmocka_unit_test(unknown_values_are_left_out),
		cmocka_unit_test(drawn_to_scale),
		cmocka_unit_test(never_too_wide),
		cmocka_unit_test(without_a_freeze_there_is_one_ruler),
		cmocka_unit_test(a_freeze_of_unknown_length),
		cmocka_unit_test(an_outcome_and_its_error_are_printed_once),
		cmocka_unit_test(a_good_move_is_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
