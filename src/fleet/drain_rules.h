/* SPDX-License-Identifier: MIT */
/* drain_rules: where the annotations of a drained container let it go (place_rule.h). */
#ifndef CMIGRATE_DRAIN_RULES_H
#define CMIGRATE_DRAIN_RULES_H

#include "cmigrate/fleet/drain.h"

/*
 * Sets `barred` of every host for a row, unless the rules are to be ignored. Returns the memory
 * that the host needs: for the first of a group that stays together, that of the whole group.
 */
uint64_t drain_rules_apply(struct drain *drain, size_t row);
/* Says why no host is left for a row. Returns -1, for `return drain_rules_refuse(...)`. */
int drain_rules_refuse(const struct drain *drain, size_t row, enum placement_rule barred,
		       struct err *err);
/* The rule of a row's container. */
const struct place_rule *drain_rule_of(const struct drain *drain, size_t row);

#endif
