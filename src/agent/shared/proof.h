/* SPDX-License-Identifier: MIT */
/*
 * proof: small files in a bundle's .cmigrate by which two hosts find out that they have one and the
 * same directory, and that both can write in it.
 */
#ifndef CMIGRATE_AGENT_PROOF_H
#define CMIGRATE_AGENT_PROOF_H

#include "agent/request/request.h"

/* Says what this host sees of the shared directory: bundle-path, config-sum, proof, proof-owner,
 * space. */
void proof_facts(struct request *req);
/* Says write-seconds, the time in which 4 MiB reach the shared directory's disk. */
void proof_speed_facts(struct request *req);

#endif
