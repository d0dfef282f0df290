/* SPDX-License-Identifier: MIT */
/* Checks of rules about where a container may be: --force leaves them out. */
#include "cmigrate/check/check.h"
#include "cmigrate/container/cordon.h"

CHECK(cordon)
{
	CLEANUP_CORDONS struct cordons marks = {0};

	cordons_add(&marks, p->destination);
	const struct cordon *mark = cordons_find(&marks, p->destination_name);
	if (!mark)
		return CHECK_OK;
	CLEANUP_FREE char *sentence = cordon_sentence(mark);
	CLEANUP_FREE char *remedy =
		str_fmt("'cmigrate uncordon %s' ends that; name another destination, or --force",
			mark->host);
	return check_fail(f, remedy, "%s", sentence);
}
