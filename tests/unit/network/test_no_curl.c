/* SPDX-License-Identifier: MIT */
/* A libcurl that can't begin, for want of memory or of descriptors. */
#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants those four first. */
#include <cmocka.h>

#include "cmigrate/network/endpoint_probe.h"

/* In place of libcurl's. */
CURLM *curl_multi_init(void)
{
	return NULL;
}

/* Without that a probe would ask nobody until its deadline, and say that the endpoint is silent. */
static void no_probe_without_libcurl(void **state)
{
	CLEANUP_ARGV struct argv urls = {0};
	struct err err = ERR_INIT;

	(void)state;
	argv_add(&urls, "tcp://127.0.0.1:1");
	assert_null(probe_new(&urls, &err));
	assert_int_equal(err.code, EXIT_FAILED);
	assert_string_equal(err.msg, "can't start libcurl");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_probe_without_libcurl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
