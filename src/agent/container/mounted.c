/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "walk.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* What the first process takes for its root must be the container's: it may have another one. */
static bool knows_root(const struct walk *walk)
{
	const struct bind *root = walk->binds.v;
	const struct mount_row *row =
		walk->binds.n ? mounts_find(&walk->mounts, root->mount) : NULL;
	struct stat st;

	return row && strcmp(row->point, "/") == 0 && stat(root->source, &st) == 0 &&
	       is_same(&st, &root->st);
}

/* After its start the container may have removed a mount, or mounted something over it. */
static bool is_mounted(const struct walk *walk, const struct bind *bind)
{
	return bind->source && bind->mount >= 0 && bind->mount != walk->binds.v->mount &&
	       mounts_find(&walk->mounts, bind->mount);
}

static void tell_source(struct walk *walk, const struct bind *bind)
{
	struct stat now;

	if (stat(bind->source, &now) < 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			walk_tell(walk, "bind-gone", "%s", bind->source);
	} else if (!is_same(&now, &bind->st)) {
		walk_tell(walk, "bind-other", "%s", bind->source);
	}
	/* One of each source. */
	request_say(walk->req, "bind-was=%c %s\n", S_ISDIR(bind->st.st_mode) ? 'd' : 'f',
		    bind->source);
}

/* A mount that config.json doesn't have, below one that gets the host's mounts. */
static bool has_appeared(const struct walk *walk, const struct mount_row *row)
{
	const struct mount_row *parent = mounts_find(&walk->mounts, row->parent);

	return parent && parent->receives && row->receives && !binds_find(&walk->binds, row->id);
}

void mounted(struct walk *walk, const struct runc_state *state)
{
	struct stat st;

	mounts_read(getpid(), &walk->host_mounts);
	if (walk->first <= 0)
		return;
	mounts_read(walk->first, &walk->mounts);
	binds_of_state(state, &walk->binds);
	binds_look(&walk->binds, walk->first);
	if (!knows_root(walk)) {
		binds_clear(&walk->binds);
		return;
	}
	if (state->bundle && stat(state->bundle, &st) == 0)
		walk->shared = st.st_dev;
	for (size_t i = 1; i < walk->binds.n; i++)
		if (is_mounted(walk, &walk->binds.v[i]))
			tell_source(walk, &walk->binds.v[i]);
	for (size_t i = 0; i < walk->mounts.n; i++)
		if (has_appeared(walk, &walk->mounts.rows[i]))
			walk_tell(walk, "mount-appeared", "%s", walk->mounts.rows[i].point);
}
