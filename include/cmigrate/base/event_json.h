/* SPDX-License-Identifier: MIT */
/* event_json: events as JSON, {"event":"step",...}. cmigrate(1) describes them. */
#ifndef CMIGRATE_EVENT_JSON_H
#define CMIGRATE_EVENT_JSON_H

#include <jansson.h>

#include "cmigrate/base/event.h"

/* A new reference, or NULL for events that are not part of the JSON output. */
json_t *event_json(const struct event *event);
/* The same with the begin of each step, {"event":"begin","name":...}: as a move keeps them for
 * other processes. */
json_t *event_kept_json(const struct event *event);
/* Reads the output of event_kept_json(), which may come from another machine: -1 if it is none. Its
 * texts belong to *ret, event_clear() frees them. */
int event_read(const json_t *object, struct event *ret);
void event_clear(struct event *event);

#endif
