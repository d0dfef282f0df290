/* SPDX-License-Identifier: MIT */
/* The facts of two hosts, divided by a line "===": every check must cope with them. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cmigrate/check/preflight.h"
#include "cmigrate/host/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIVIDER "\n===\n"

static void fill(struct bundle *b)
{
	struct err err = ERR_INIT;

	(void)bundle_init(b, "/runc/containers", "web", &err);
	(void)bundle_add_addresses(b, "192.0.2.7/24, 2001:db8::7", &err);
	b->host_network = true;
	argv_add(&b->binds, "/srv/data");
}

static void run(const struct facts *source, const struct facts *destination)
{
	struct check_results results = {0};
	struct err err = ERR_INIT;
	struct bundle b;

	fill(&b);
	struct preflight p = {.bundle = &b,
			      .id = "20240506T070809-00000001",
			      .source_name = "rhel01",
			      .destination_name = "rhel02",
			      .source = source,
			      .destination = destination,
			      .strategy = STRATEGY_COLD,
			      .tcp_established = true};
	if (preflight_addresses(&p, &err) < 0)
		__builtin_trap();
	preflight_run(&p, &results);
	for (size_t i = 0; i < results.n; i++) {
		const struct check_result *r = &results.rows[i];
		if (r->outcome == CHECK_FAILED && (!r->message || !*r->message || !r->remedy))
			__builtin_trap();
		/* No byte from a host moves the cursor. */
		for (const char *c = r->message; c && *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				__builtin_trap();
	}
	if (preflight_verdict(&results, &err) < 0 && err.code != EXIT_REFUSED)
		__builtin_trap();
	check_results_clear(&results);
	bundle_clear(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = str_dupn((const char *)data, size);
	char *second = strstr(text, DIVIDER);
	struct facts source, destination;

	if (second) {
		second[1] = '\0';
		second += strlen(DIVIDER);
	}
	facts_parse(&source, text);
	facts_parse(&destination, second ? second : "");
	run(&source, &destination);
	facts_clear(&source);
	facts_clear(&destination);
	return 0;
}
