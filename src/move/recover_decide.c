/* SPDX-License-Identifier: MIT */
/* The way that a recovery takes, as a pure function of what the journal and both hosts say. */
#include <string.h>

#include "cmigrate/move/recover.h"

static bool is(const char *status, const char *word)
{
	return strcmp(status, word) == 0;
}

bool recover_is_alive(const struct recover_facts *f)
{
	return f->source_known && (is(f->source_status, "running") ||
				   is(f->source_status, "paused") || is(f->source_status, "gate"));
}

enum recover_images recover_way_back(int went_on, enum recover_images images)
{
	if (went_on == 0 || images == IMAGES_NONE)
		return images;
	return went_on > 0 ? IMAGES_NONE : IMAGES_UNKNOWN;
}

enum recovery recover_decide(const struct recover_facts *f, const char **ret_why)
{
	if (f->committed)
		return RECOVER_FORWARD;
	if (!f->destination_known) {
		*ret_why = "the destination can't tell, and may run a copy";
		return RECOVER_DOUBT;
	}
	if (is(f->destination_status, "running")) {
		if (!f->source_known || !is(f->source_status, "running"))
			return RECOVER_COMMIT;
		*ret_why = "both hosts run a copy";
		return RECOVER_DOUBT;
	}
	if (is(f->destination_status, "paused")) {
		*ret_why = "the destination's copy is paused: resume it there, or delete it";
		return RECOVER_DOUBT;
	}
	if (!f->source_known) {
		*ret_why = "the source can't tell, and may run its copy";
		return RECOVER_DOUBT;
	}
	if (recover_is_alive(f))
		return RECOVER_BACK;
	if (f->images == IMAGES_UNKNOWN) {
		*ret_why =
			"whether the images are complete can't be seen, or whether the container "
			"went on after them";
		return RECOVER_DOUBT;
	}
	return f->images == IMAGES_COMPLETE ? RECOVER_RESTORE : RECOVER_LOST;
}

enum recovery recover_decide_rehearsal(const struct recover_facts *f, const char **ret_why)
{
	/* The images of a checkpoint are in their place. */
	if (f->committed)
		return RECOVER_FORWARD;
	if (f->source_known)
		return recover_is_alive(f) ? RECOVER_BACK : RECOVER_LOST;
	*ret_why = "the source can't tell whether it goes on";
	return RECOVER_DOUBT;
}

enum recovery recover_decide_take_source(const struct recover_facts *f, const char **ret_why)
{
	if (!recover_is_alive(f) || is(f->source_status, "running"))
		return RECOVER_FORWARD;
	if (!f->destination_known) {
		*ret_why = "the destination can't tell, and may run its copy";
		return RECOVER_DOUBT;
	}
	if (is(f->destination_status, "running") || is(f->destination_status, "paused")) {
		*ret_why = "the destination has a newer copy: leave --take-source out";
		return RECOVER_DOUBT;
	}
	return RECOVER_BACK;
}
