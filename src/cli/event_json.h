/* SPDX-License-Identifier: MIT */
/* event_json: events as programs read them, {"event":"step",...}. cmigrate(1) describes them. */
#ifndef CMIGRATE_EVENT_JSON_H
#define CMIGRATE_EVENT_JSON_H

#include <jansson.h>

#include "cmigrate/base/event.h"

/* A new reference; NULL for those that programs aren't told of. */
json_t *event_json(const struct event *event);

#endif
