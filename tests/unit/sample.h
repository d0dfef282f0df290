/* SPDX-License-Identifier: MIT */
/* Records of past moves that tests of history, report and metrics share. */
#ifndef CMIGRATE_TEST_SAMPLE_H
#define CMIGRATE_TEST_SAMPLE_H

#include <stdlib.h>

#include "cmigrate/base/str.h"
#include "cmigrate/history/record.h"

/* A move of `web` that lacks nothing; started at that many seconds since 1970. */
static inline json_t *sample_json(const char *id, const char *outcome, int64_t started)
{
	char when[32];

	record_time(when, started);
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:I, s:s, "
		"s:s, s:n, s:[{s:s, s:f, s:f, s:b}, {s:s, s:f, s:f, s:b}, {s:s, s:f, s:f, s:b}], "
		"s:[]}",
		"id", id, "started", when, "controller", "rhel01", "hold", "plug", "container",
		"web", "source", "rhel01", "destination", "rhel02", "strategy", "cold", "outcome",
		outcome, "exit_code", 0, "outage_ms", 133.5, "freeze_ms", 127.25, "total_ms", 667.0,
		"freeze_start_ms", 150.0, "memory_bytes", (json_int_t)1048576, "packets", "queued",
		"answered_by", "HTTP/1.0 200 OK", "error", "steps", "name", "prepare", "start_ms",
		0.0, "ms", 64.0, "frozen", 0, "name", "dump", "start_ms", 150.0, "ms", 127.25,
		"frozen", 1, "name", "clean", "start_ms", 560.0, "ms", 102.0, "frozen", 0,
		"passes");
}

static inline struct record sample(const char *id, const char *outcome, int64_t started)
{
	json_t *object = sample_json(id, outcome, started);
	struct record record = {0};
	struct err err = ERR_INIT;

	if (record_read(object, &record, &err) < 0)
		abort();
	json_decref(object);
	return record;
}

#endif
