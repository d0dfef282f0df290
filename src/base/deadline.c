/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/deadline.h"

#include <limits.h>
#include <time.h>

int64_t clock_now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t deadline_in_ms(int64_t ms)
{
	return clock_now_us() + ms * 1000;
}

bool deadline_passed(int64_t deadline)
{
	return deadline && clock_now_us() >= deadline;
}

int deadline_poll_ms(int64_t deadline)
{
	if (!deadline)
		return -1;
	int64_t left = deadline - clock_now_us();
	if (left <= 0)
		return 0;
	left = (left + 999) / 1000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

int64_t deadline_min(int64_t a, int64_t b)
{
	if (!a || !b)
		return a ? a : b;
	return a < b ? a : b;
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};

	(void)nanosleep(&ts, NULL);
}
