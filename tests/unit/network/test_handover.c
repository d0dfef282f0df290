/* SPDX-License-Identifier: MIT */
/* The requests of a hand-over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <string.h>

#include "cmigrate/network/handover.h"

static void keep_text(void *ctx, const struct event *event)
{
	buf_printf(ctx, "%s\n", event->text);
}

#define FIRST                                                                                      \
	{                                                                                          \
		"192.0.2.7", 24, "eth0", false                                                     \
	}
#define SECOND                                                                                     \
	{                                                                                          \
		"2001:db8::7", 64, "eth1", true                                                    \
	}

static void words(void **state)
{
	const struct handover handover = {.addresses = {FIRST, SECOND}, .n = 2},
			      inside = {.netns = "/run/netns/w b", .addresses = {FIRST}, .n = 1};
	CLEANUP_ARGV struct argv up = {0}, look = {0};
	CLEANUP_BUF struct buf shown = {0};

	(void)state;
	handover_words(&handover, "address", "up", &up);
	handover_words(&inside, "place", "look", &look);
	quote_argv(&shown, up.v);
	buf_puts(&shown, "\n");
	quote_argv(&shown, look.v);
	assert_string_equal(shown.s,
			    "address op=up address=192.0.2.7/24@eth0 "
			    "address=2001:db8::7/64@eth1\n"
			    "place op=look 'netns=/run/netns/w b' address=192.0.2.7/24@eth0");
}

/* Each address has a next hop of its own, for the networks of two devices are not the same. The
 * host is fenced: nothing is done there. */
static void hops(void **state)
{
	struct events events = {0};
	CLEANUP_HOST struct host *host = host_new("rhel01", NULL, NULL, &events);
	struct handover handover = {.host = host,
				    .addresses = {FIRST, SECOND},
				    .next_hops = {"192.0.2.3", "2001:db8::3"},
				    .n = 2};
	struct err err = ERR_INIT;

	(void)state;
	host->fenced = true;
	assert_int_equal(handover_forward(&handover, "0a1b2c3d", &err), 0);
	*handover.next_hops[1] = '\0';
	assert_int_equal(handover_forward(&handover, "0a1b2c3d", &err), -1);
	assert_string_equal(err.msg, "the destination has no other address beside 2001:db8::7");
}

/* Without an address there is nothing to ask. */
static void no_address(void **state)
{
	CLEANUP_BUF struct buf shown = {0};
	struct events events = {keep_text, &shown};
	CLEANUP_HOST struct host *host = host_new("rhel01", NULL, NULL, &events);
	struct handover handover = {.host = host};
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(handover_address_up(&handover, &err), 0);
	assert_int_equal(handover_announce(&handover, &err), 0);
	assert_null(shown.s);
}

/* Tags are the same for a container on every host and in every version, because recovery needs
 * them. */
static void tags(void **state)
{
	char a[HANDOVER_TAG_SIZE], b[HANDOVER_TAG_SIZE];

	(void)state;
	handover_tag("web", a);
	assert_string_equal(a, "15c93851");
	handover_tag("web2", b);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(b), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(hops),
		cmocka_unit_test(no_address),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
