/* SPDX-License-Identifier: MIT */
#include "runc_flags.h"

#include <string.h>

int runc_flags(struct request *req, const char *const *allowed, struct argv *ret)
{
	const char *flag;

	for (size_t i = 0; (flag = request_nth(req, "flag", i)) != NULL; i++) {
		const char *const *word = allowed;
		while (*word && strcmp(*word, flag) != 0)
			word++;
		if (!*word)
			return request_fail(req, "there is no flag '%s'", flag);
		argv_addf(ret, "--%s", flag);
	}
	return 0;
}
