/* SPDX-License-Identifier: MIT */
/* Runs a command line as it comes: for what is no verb yet. exec LOG N ENV... ARGV... */
#include <stdlib.h>

#include "program.h"

int verb_exec(struct request *req);

int verb_exec(struct request *req)
{
	CLEANUP_ARGV struct argv env = {0};
	char **word = req->words.v + 1;

	if (req->words.n < 4)
		return request_fail(req, "too few words");
	const char *log = *word++;
	for (long n = strtol(*word++, NULL, 10); n > 0 && *word; n--)
		argv_add(&env, *word++);
	struct program program = {.argv = word,
				  .env = env.v,
				  .log = *log ? log : NULL,
				  .stays = true,
				  .input = req->has_input ? buf_str(&req->input) : NULL};
	return program_run(req, &program, &req->out, &req->err);
}
