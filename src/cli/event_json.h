/* SPDX-License-Identifier: MIT */
/* event_json: events as JSON, {"event":"step",...}. cmigrate(1) describes them. */
#ifndef CMIGRATE_EVENT_JSON_H
#define CMIGRATE_EVENT_JSON_H

#include <jansson.h>

#include "cmigrate/base/event.h"

/* A new reference, or NULL for events that are not part of the JSON output. */
json_t *event_json(const struct event *event);

#endif
