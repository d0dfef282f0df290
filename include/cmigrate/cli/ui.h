/* SPDX-License-Identifier: MIT */
/*
 * ui: everything that is printed. stdout carries results only, stderr everything else.
 *
 * --json: one object a line on stdout. --quiet: nothing on stderr unless something failed.
 * --verbose: "[rhel02] + ip addr add ..." for each command on stderr. If stderr is a terminal, a
 * move shows one live line. It ends with a timeline drawn to scale.
 */
#ifndef CMIGRATE_UI_H
#define CMIGRATE_UI_H

#include <jansson.h>
#include <stdbool.h>

#include "cmigrate/base/err.h"
#include "cmigrate/base/event.h"
#include "cmigrate/history/summary.h"

struct ui;

struct ui *ui_new(bool json, bool quiet, bool verbose);
/* Ends the live line and flushes. */
void ui_free(struct ui *ui);
/* The callback for struct events; ctx is the struct ui. */
void ui_event(void *ctx, const struct event *event);
bool ui_is_json(const struct ui *ui);
bool ui_is_quiet(const struct ui *ui);
/* Prints one JSON object as a line on stdout, whatever the mode. Steals the reference. */
void ui_json(struct ui *ui, json_t *object);
/* Prints text for people on stdout; nothing with --json. --quiet does not silence a result. */
void ui_print(struct ui *ui, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A table on stdout: the header once, then rows. Columns are as wide as their widest cell. */
struct ui_table;
struct ui_table *ui_table_new(const char *const *headers);	 /* NULL-ended */
void ui_table_row(struct ui_table *t, const char *const *cells); /* as many as headers; copied */
void ui_table_print(struct ui *ui, struct ui_table *t);		 /* and frees */
/*
 * Prints the end of a move. With --json: the summary line on stdout. Otherwise: the outcome in one
 * line and the timeline on stdout, or nothing if --quiet was given and the move succeeded.
 */
void ui_summary(struct ui *ui, const struct summary *summary);
/* Prints the timeline, passes, packets and answer of a move on stdout; nothing with --json. */
void ui_timeline(struct ui *ui, const struct summary *summary);
/* Prints "cmigrate: MESSAGE" on stderr. */
void ui_error(struct ui *ui, const struct err *err);
/*
 * Prints the error that ends the command. With --json it also prints an object on stdout if nothing
 * was printed there yet.
 */
void ui_failure(struct ui *ui, const struct err *err);
/* Shows what the command waits for, as the live line of a terminal. */
void ui_wait(struct ui *ui, const char *what);
/* Writes "1.5G", "228M", "12K" or "7" into text[16]. */
void ui_bytes(char text[16], unsigned long long bytes);

#endif
