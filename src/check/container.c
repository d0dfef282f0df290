/* SPDX-License-Identifier: MIT */
/* Checks of the container: its state, and what of it can't be dumped or restored. */
#include <stdio.h>
#include <string.h>

#include "cmigrate/check/check.h"

/* CRIU's own limit for the contents of a deleted file. */
#define GHOST_LIMIT (1ULL << 20)

CHECK(container)
{
	CLEANUP_JSON json_t *state = facts_json(p->source, "state");
	const char *name = p->bundle->name, *dir = link_text(state, "bundle");
	const char *status = link_text(state, "status");

	f->gone = !*status || strcmp(status, "stopped") == 0;
	if (!*status)
		return check_fail(f, "look where it runs: cmigrate list", "no container '%s' on %s",
				  name, p->source_name);
	if (strcmp(status, "paused") == 0)
		return check_fail(f, "let it run there: runc resume, or cmigrate recover",
				  "container '%s' on %s is paused, not running", name,
				  p->source_name);
	if (strcmp(status, "running") != 0)
		return check_fail(f, NULL, "container '%s' on %s is %.20s, not running", name,
				  p->source_name, status);
	if (strcmp(dir, p->bundle->dir) != 0 &&
	    strcmp(dir, facts_get(p->source, "bundle-path")) != 0)
		return check_fail(f, "name the directory above its bundle: --bundle-root",
				  "container '%s' on %s was started from '%.200s', not from '%s'",
				  name, p->source_name, dir, p->bundle->dir);
	return CHECK_OK;
}

CHECK(name)
{
	CLEANUP_JSON json_t *state = facts_json(p->destination, "state");
	const char *status = link_text(state, "status");

	if (!*facts_get(p->destination, "state"))
		return CHECK_OK;
	return check_fail(f, NULL, "there is a container '%s' on %s already: %.20s",
			  p->bundle->name, p->destination_name, *status ? status : "state unknown");
}

/* The kinds that `runc restore` runs, and those that the end of a copy runs (measured, runc 1.3).
 */
CHECK(hooks)
{
	if (!p->bundle->hooks)
		return CHECK_OK;
	return check_warn(f, NULL,
			  "config.json of container '%s' has OCI hooks (%s): %s runs prestart and "
			  "createRuntime again, then %s runs poststop, and nobody runs others",
			  p->bundle->name, p->bundle->hooks, p->destination_name, p->source_name);
}

CHECK(terminal)
{
	const char *where = facts_get(p->source, "terminal");

	if (p->shell_job)
		return CHECK_NOT_NEEDED;
	if (*where)
		return check_fail(f, NULL, "container '%s' on %s uses a terminal: %.200s",
				  p->bundle->name, p->source_name, where);
	if (p->bundle->terminal)
		return check_fail(f, NULL, "container '%s' on %s was given a terminal",
				  p->bundle->name, p->source_name);
	return CHECK_OK;
}

CHECK(stdio)
{
	const char *where = facts_get(p->source, "stdio");

	if (!*where)
		return CHECK_OK;
	return check_fail(f, NULL, "container '%s' on %s has a file of the host open: %.300s",
			  p->bundle->name, p->source_name, where);
}

CHECK(locks)
{
	const char *lock = facts_get(p->source, "lock");

	if (!*lock)
		return CHECK_OK;
	if (strategy_is_post_copy(p->strategy))
		return check_fail(f, NULL,
				  "with %s both copies would need a lock that container '%s' on %s "
				  "holds: %.300s",
				  strategy_name(p->strategy), p->bundle->name, p->source_name,
				  lock);
	return check_warn(
		f, "to keep the source's copy until the other one runs, let it drop the lock first",
		"container '%s' on %s holds a lock on a file that others see: %.300s; its copy "
		"there ends before the restore, and the images are the way back",
		p->bundle->name, p->source_name, lock);
}

CHECK(sleep)
{
	const char *first = facts_get(p->source, "first-sleep"),
		   *other = facts_get(p->source, "sleep");

	if (*first)
		return check_fail(
			f, NULL,
			"a dump would end container '%s' on %s, which ends with a sleep: %.200s",
			p->bundle->name, p->source_name, first);
	if (!*other)
		return CHECK_OK;
	return check_warn(f, "if that matters, let it sleep with another program than busybox",
			  "a sleep in container '%s' on %s ends early: %.200s", p->bundle->name,
			  p->source_name, other);
}

static const char closed[] = "let that program close it, or start it anew";

/* A file that has another name needs a link, which can be made only where it can be written. */
static enum check_outcome check_link(const struct preflight *p, const char *name, bool read_only,
				     const char *what, struct finding *f)
{
	if (p->link_remap && !read_only)
		return CHECK_OK;
	return check_fail(f, read_only ? closed : "move it with --link-remap",
			  "container '%s' on %s has %s%s: %.200s", p->bundle->name, p->source_name,
			  what, read_only ? ", on a mount that is read-only" : "", name);
}

/* "SIZE LINKS rw|ro PATH": a file without a name. CRIU can't copy it if it has another name left.
 */
static enum check_outcome check_deleted_file(const struct preflight *p, const char *row,
					     unsigned long long limit, struct finding *f)
{
	unsigned long long size = 0, links = 0;
	char mode[3] = "";
	int at = 0;

	if (sscanf(row, "%llu %llu %2s %n", &size, &links, mode, &at) != 3 || !at)
		return CHECK_OK;
	if (links)
		return check_link(p, row + at, strcmp(mode, "ro") == 0,
				  "a file open under a deleted name", f);
	if (size <= limit)
		return CHECK_OK;
	CLEANUP_FREE char *shown = check_size(size);
	return check_fail(f, NULL, "container '%s' on %s has a deleted file of %s open: %.200s",
			  p->bundle->name, p->source_name, shown, row + at);
}

CHECK(deleted)
{
	const char *nfs = facts_get(p->source, "nfs-deleted"), *row;

	for (size_t i = 0; (row = facts_nth(p->source, "deleted", i)) != NULL; i++)
		if (check_deleted_file(p, row, p->ghost_limit ? p->ghost_limit : GHOST_LIMIT, f) ==
		    CHECK_FAILED)
			return CHECK_FAILED;
	return *nfs ? check_link(p, nfs + strcspn(nfs, "/"), str_starts(nfs, "ro "),
				 "a deleted file open on NFS", f)
		    : CHECK_OK;
}

CHECK(attributes)
{
	const char *lost = facts_get(p->source, "attribute");

	/* Hooks expect the host's mounts, so each tmpfs is left to CRIU. */
	if (!*lost && p->bundle->hooks)
		lost = facts_get(p->source, "attribute-saved");
	if (!*lost)
		return CHECK_OK;
	return check_warn(
		f, NULL,
		"in a tmpfs of container '%s' on %s a file has an attribute that it loses: "
		"%.200s",
		p->bundle->name, p->source_name, lost);
}

CHECK(mptcp)
{
	const char *address = facts_get(p->source, "mptcp");

	if (!*address)
		return CHECK_OK;
	return check_fail(f, NULL, "container '%s' on %s has an MPTCP socket: %.100s",
			  p->bundle->name, p->source_name, address);
}
