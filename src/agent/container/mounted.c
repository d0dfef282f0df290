/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "walk.h"

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The first process may have a root of its own: its root must be the container's. */
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

/* The kernel marks what no name leads to. */
static bool is_deleted(const struct mount_row *row)
{
	static const char mark[] = "//deleted";
	size_t len = strlen(row->root), end = sizeof(mark) - 1;

	return len >= end && strcmp(row->root + len - end, mark) == 0;
}

/* CRIU can't make a mount of what is deleted. Otherwise the copy gets what has the name by now: a
 * directory of the shared one is taken for data. */
static void tell_source(struct walk *walk, const struct bind *bind)
{
	const struct mount_row *row = mounts_find(&walk->mounts, bind->mount);
	struct stat now;

	/* One of each source. */
	request_say(walk->req, "bind-was=%c %s\n", S_ISDIR(bind->st.st_mode) ? 'd' : 'f',
		    bind->source);
	if (is_deleted(row))
		walk_tell(walk, "bind-deleted", "%s", bind->source);
	else if (stat(bind->source, &now) == 0 ? is_same(&now, &bind->st)
					       : errno != ENOENT && errno != ENOTDIR)
		return;
	else if (S_ISDIR(bind->st.st_mode) && bind->st.st_dev == walk->shared)
		walk_tell(walk, "bind-other", "%s", bind->source);
	else
		walk_tell(walk, "bind-renamed", "%s", bind->source);
}

/* The bind mount that a mount is below of; NULL: none, or the container's root. */
static const struct mount_row *bind_above(const struct walk *walk, const struct mount_row *row)
{
	for (size_t i = 0; row && i < walk->mounts.n; i++) {
		row = mounts_find(&walk->mounts, row->parent);
		const struct bind *bind = row ? binds_find(&walk->binds, row->id) : NULL;
		if (bind && bind->source)
			return bind == walk->binds.v ? NULL : row;
	}
	return NULL;
}

/* config.json has another one at the same place. */
static bool is_covered(const struct walk *walk, const struct mount_row *row)
{
	for (size_t i = 0; i < walk->mounts.n; i++)
		if (walk->mounts.rows[i].parent == row->id &&
		    strcmp(walk->mounts.rows[i].point, row->point) == 0 &&
		    binds_find(&walk->binds, walk->mounts.rows[i].id))
			return true;
	return false;
}

/*
 * A mount that config.json doesn't have: the host's, below a bind mount. It was there when the
 * container was started (rbind), or has appeared since (rslave, rshared). CRIU knows only what
 * config.json has; it can still make what shows a part of the same bind mount, and copies a tmpfs
 * that gets no mounts.
 */
static void tell_mount(struct walk *walk, const struct mount_row *row)
{
	const struct mount_row *parent = mounts_find(&walk->mounts, row->parent);
	const struct mount_row *above = bind_above(walk, row);
	bool is_part = above && above->major == row->major && above->minor == row->minor &&
		       path_below(row->root, above->root);

	if (!parent || binds_find(&walk->binds, row->id) || is_covered(walk, row) ||
	    !mounts_have_device(&walk->host_mounts, row))
		return;
	if (row->receives && parent->receives && (above || parent->id == walk->binds.v->mount))
		walk_tell(walk, "mount-received", "%s", row->point);
	else if (above && !is_part)
		walk_tell(walk, row->memory ? "mount-copied" : "mount-below", "%s", row->point);
}

/* With rootfsPropagation rshared runc's own mounts are shared too, and CRIU can't restore that. */
static void tell_shared(struct walk *walk)
{
	for (size_t i = 0; i < walk->binds.n; i++) {
		const struct bind *bind = &walk->binds.v[i];
		const struct mount_row *row =
			bind->source ? NULL : mounts_find(&walk->mounts, bind->mount);
		if (!row || !row->shared)
			continue;
		walk_tell(walk, "mount-shared", "%s", row->point);
		return;
	}
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
		tell_mount(walk, &walk->mounts.rows[i]);
	tell_shared(walk);
}
