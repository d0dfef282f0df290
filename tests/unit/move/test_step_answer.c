/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmigrate/network/endpoint_probe.h"
#include "move/steps.h"
#include "slowness.h"

/* The kernel accepts for it. Returns the descriptor. */
static int listener(char **ret_url)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	*ret_url = str_fmt("tcp://127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

/* Recovery may ask again. The last answer counts, and the sanitizer looks for the one before. */
static void the_last_answer_counts(void **state)
{
	struct move move = {.plan.timeout_ms = scaled_ms(5000)};
	struct err err = ERR_INIT;
	CLEANUP_FREE char *url = NULL;
	int fd = listener(&url);

	(void)state;
	argv_add(&move.bundle.endpoints, url);
	str_set(&move.summary.answered_by, "HTTP/1.0 200 OK");
	assert_int_equal(step_answer(&move, &err), 0);
	assert_true(move.progress.answered_us > 0);
	assert_string_equal(move.summary.answered_by, "");
	free(move.summary.answered_by);
	probe_free(move.probe);
	argv_clear(&move.bundle.endpoints);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_answer_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
