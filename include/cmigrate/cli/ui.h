/* SPDX-License-Identifier: MIT */
/*
 * ui: what a person or a program reads. stdout carries results only, stderr everything else.
 *
 * --json: one object a line on stdout. --quiet: nothing on stderr unless something failed.
 * --verbose: "[rhel02] + ip addr add ..." for each command on stderr. On a terminal (stderr) a move
 * shows one live line, and ends with a timeline drawn to scale.
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
/* One JSON object as a line on stdout, whatever the mode; steals the reference. */
void ui_json(struct ui *ui, json_t *object);
/* Text for people on stdout; nothing with --json. Not silenced by --quiet: it is a result. */
void ui_print(struct ui *ui, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A table on stdout: the header once, then rows, columns as wide as their widest cell. */
struct ui_table;
struct ui_table *ui_table_new(const char *const *headers);	 /* NULL-ended */
void ui_table_row(struct ui_table *t, const char *const *cells); /* as many as headers; copied */
void ui_table_print(struct ui *ui, struct ui_table *t);		 /* and frees */
/*
 * The end of a move: with --json the summary line on stdout; else the outcome in one line and the
 * timeline on stdout (nothing with --quiet where the move succeeded).
 */
void ui_summary(struct ui *ui, const struct summary *summary);
/* The timeline of a move and what was said of it, on stdout; nothing with --json. */
void ui_timeline(struct ui *ui, const struct summary *summary);
/* "cmigrate: MESSAGE" on stderr. */
void ui_error(struct ui *ui, const struct err *err);
/* The same of the whole command; with --json also an object on stdout, where nothing else was told.
 */
void ui_failure(struct ui *ui, const struct err *err);
/* What takes a while before there is anything to show, as the live line of a terminal. */
void ui_wait(struct ui *ui, const char *what);
/* "1.5G", "228M", "12K", "7" into text[16]. */
void ui_bytes(char text[16], unsigned long long bytes);

#endif
