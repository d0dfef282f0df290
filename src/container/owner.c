/* SPDX-License-Identifier: MIT */
#include "cmigrate/container/owner.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "pacemaker:"
/* Pacemaker allows these in a resource's name, which becomes part of a command that somebody may
 * copy. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:"
#define RESOURCE_MAX 128

const char *owner_resource(const char *text)
{
	if (!text || !str_starts(text, PREFIX))
		return NULL;
	const char *resource = text + strlen(PREFIX);
	size_t len = strlen(resource);
	return len && len <= RESOURCE_MAX && strspn(resource, LETTERS) == len && *resource != '-'
		       ? resource
		       : NULL;
}

int owner_self(const char **ret, struct err *err)
{
	*ret = getenv(OWNER_ENV);
	if (*ret && !**ret)
		*ret = NULL;
	return !*ret || owner_resource(*ret)
		       ? 0
		       : err_set(err, EXIT_USAGE, OWNER_ENV ": '%.100s' is not " PREFIX "RESOURCE",
				 *ret);
}

bool owner_is_other(const char *text)
{
	const char *self = getenv(OWNER_ENV);

	return owner_resource(text) && (!self || strcmp(self, text) != 0);
}

int owner_note(const struct state_dir *state_dir, struct err *err)
{
	const char *self;

	if (owner_self(&self, err) < 0)
		return -1;
	CLEANUP_FREE char *line = self ? str_fmt("%s\n", self) : NULL;
	return line ? state_dir_replace(state_dir, OWNER_FILE, line, err) : 0;
}

int owner_forget(const struct state_dir *state_dir, struct err *err)
{
	return state_dir_remove(state_dir, OWNER_FILE, err);
}

int owner_check(const struct state_dir *state_dir, const char *container, struct err *err)
{
	CLEANUP_BUF struct buf text = {0};
	bool found = false;

	if (state_dir_read(state_dir, OWNER_FILE, &text, &found, err) < 0)
		return -1;
	CLEANUP_FREE char *copy = str_dup(buf_str(&text));
	const char *owner = str_trim(copy);
	if (!found || !owner_is_other(owner))
		return 0;
	const char *resource = owner_resource(owner);
	return err_set(err, EXIT_REFUSED,
		       "resource '%s' of the cluster has container '%s', and would start it again; "
		       "to end it: crm_resource --resource %s --meta --set-parameter target-role "
		       "--parameter-value Stopped",
		       resource, container, resource);
}
