/* SPDX-License-Identifier: MIT */
/*
 * program_facts: what runc and criu say of themselves and of this kernel.
 *
 * The answers are kept in a directory of root's (/run/cmigrate-programs) until the next boot or
 * another binary, so a second check starts none of them. What 'criu check' finds missing is not
 * kept: the operator may be about to mend it.
 */
#ifndef CMIGRATE_AGENT_PROGRAM_FACTS_H
#define CMIGRATE_AGENT_PROGRAM_FACTS_H

#include <stdbool.h>

#include "agent/request/program.h"
#include "agent/request/request.h"

#define PROGRAM_QUESTIONS 5

/* Questions that are being asked, each by a program of its own, side by side. */
struct program_facts {
	struct {
		bool asked;
		struct child child;
		char *kept_as; /* identity of the binary under this kernel; NULL: don't keep */
	} v[PROGRAM_QUESTIONS];
};

/* Says what is known: the versions (runc, criu) and, as the request's strategy needs it,
 * criu-check, dirty, uffd. Starts programs for what is not. */
void program_facts_begin(struct request *req, struct program_facts *ret);
/* Waits for them, says what they found and keeps it. */
void program_facts_end(struct request *req, struct program_facts *facts);

#endif
