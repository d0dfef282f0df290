/* SPDX-License-Identifier: MIT */
/* fault_point: where the tests of crashes end or stop cmigrate. */
#ifndef CMIGRATE_FAULT_POINT_H
#define CMIGRATE_FAULT_POINT_H

/* when: "before", "after" or "undo". It does nothing; the tests' program has tests/fault_point.c.
 */
void fault_point(const char *step, const char *when);

#endif
