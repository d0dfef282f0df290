/* SPDX-License-Identifier: MIT */
/* deadline: moments on the monotonic clock, in microseconds. A moment of 0 means never. */
#ifndef CMIGRATE_DEADLINE_H
#define CMIGRATE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

int64_t clock_now_us(void);
/* The moment that is ms milliseconds from now. */
int64_t deadline_in_ms(int64_t ms);
bool deadline_passed(int64_t deadline);
/* The time left in ms, for poll(2): 0 when passed, -1 for never, rounded up so that no wait
 * spins. */
int deadline_poll_ms(int64_t deadline);
/* The earlier of two moments; 0 is never. */
int64_t deadline_min(int64_t a, int64_t b);
/* Waits; a signal ends the wait early. */
void clock_sleep_ms(int64_t ms);

#endif
