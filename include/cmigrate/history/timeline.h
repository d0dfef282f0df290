/* SPDX-License-Identifier: MIT */
/* timeline: a summary as text for people. Pure functions: no terminal, no clock, no colour. */
#ifndef CMIGRATE_TIMELINE_H
#define CMIGRATE_TIMELINE_H

#include <stdbool.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/summary.h"

/* The cells of bars: with UTF-8, and without. */
#define TIMELINE_FROZEN "\xe2\x96\x88" /* full block */
#define TIMELINE_FROZEN_ASCII "#"
#define TIMELINE_RUNNING "\xe2\x96\x91" /* light shade */
#define TIMELINE_RUNNING_ASCII "-"

/*
 * Adds the outcome in one line, without a newline: "moved 'web' from a to b: outage 74 ms, ...".
 * Unknown values are left out.
 */
void timeline_headline(const struct summary *summary, struct buf *out);
/*
 * Adds the steps as bars, in at most `width` columns (at least 40 are used). Steps while the
 * container was frozen or silent take milliseconds, the others seconds, so each group has its own
 * ruler: first the whole operation with the outage as one of its rows, then the outage enlarged.
 * Bars of frozen time are drawn full. Adds nothing if there are no steps.
 */
void timeline_draw(const struct summary *summary, unsigned width, bool utf8, struct buf *out);
/* Writes "3.1 ms", "74 ms", "4.2 s", "45 s", "2 min 05 s" or "1.5 h" into text[32]. */
void timeline_ms(char text[32], double ms);

#endif
