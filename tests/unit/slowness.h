/* SPDX-License-Identifier: MIT */
#ifndef CMIGRATE_TESTS_SLOWNESS_H
#define CMIGRATE_TESTS_SLOWNESS_H

/*
 * Bounds that know the machine. tests/run exports as TEST_SLOWNESS how many times slower than usual
 * the machine is. A bound that is there to end a hang is scaled by it; a time that a test is about
 * is not.
 */

#include <stdlib.h>

/* A whole number of 1 or more; 1 where nothing was measured. */
static inline int test_slowness(void)
{
	const char *text = getenv("TEST_SLOWNESS");
	int n = text ? atoi(text) : 1;

	return n > 1 ? n : 1;
}

/* MS, as many as they mean on this machine. */
static inline int scaled_ms(int ms)
{
	return ms * test_slowness();
}

#endif
