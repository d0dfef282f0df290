/* SPDX-License-Identifier: MIT */
/* Checks of files and mounts that the container has of its host: whether they are the same on the
 * destination. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmigrate/check/check.h"

#define ID_SIZE 129

/* The look of a file on a host (src/agent/container/file_look.h). */
struct look {
	unsigned mode;
	long long size, seconds;
	unsigned long long inode; /* 0: on a file system that only one host has */
	char id[ID_SIZE];	  /* of the build; "-": none */
	const char *path;
};

/* A file that a process of the container uses. */
struct used {
	int pid, fd; /* fd -1: mapped, -2: the directory that it is in */
	char access; /* 'w': it may be written */
	struct look look;
};

static bool read_look(const char *text, struct look *ret)
{
	int at = 0;

	if (sscanf(text, "%o %lld %lld %llu %128s %n", &ret->mode, &ret->size, &ret->seconds,
		   &ret->inode, ret->id, &at) != 5 ||
	    !at || text[at] != '/')
		return false;
	ret->path = text + at;
	return true;
}

static bool read_used(const char *text, struct used *ret)
{
	int at = 0;

	return sscanf(text, "%d %c %d %n", &ret->pid, &ret->access, &ret->fd, &at) == 3 && at &&
	       read_look(text + at, &ret->look);
}

/* False: that host has said nothing of it. */
static bool find_there(const struct facts *facts, const char *path, struct look *ret)
{
	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->rows[i].key, "there") == 0 &&
		    read_look(facts->rows[i].value, ret) && strcmp(ret->path, path) == 0)
			return true;
	return false;
}

static const char *use_of(const struct used *used)
{
	if (used->fd == -2)
		return "is in";
	return used->fd == -1 ? "has mapped" : "has open";
}

static const char shared[] = "let its bind mount be of a place on the shared directory, and start "
			     "the container anew";

/* The remedy for a file that is needed there. */
static const char *remedy_of(const struct used *used)
{
	if (!S_ISREG(used->look.mode))
		return "make it there";
	if (used->access == 'w')
		return shared;
	return used->fd == -1 ? "install the same version there" : "copy it there: rsync -a";
}

static enum check_outcome fail_absent(const struct preflight *p, const struct used *used,
				      struct finding *f)
{
	return check_fail(f, remedy_of(used),
			  "in container '%s' on %s process %d %s '%.200s', and %s has no such %s",
			  p->bundle->name, p->source_name, used->pid, use_of(used), used->look.path,
			  p->destination_name, S_ISDIR(used->look.mode) ? "directory" : "file");
}

/* How they differ; NULL: they don't. CRIU compares type and mode, and size and build id of what is
 * not only written at its end. */
static const char *difference(const struct used *used, const struct look *there)
{
	const struct look *here = &used->look;

	if ((here->mode & S_IFMT) != (there->mode & S_IFMT))
		return "of another type";
	if (here->mode != there->mode)
		return "of another mode";
	if (!S_ISREG(here->mode) || (here->inode && here->inode == there->inode))
		return NULL;
	if (here->size != there->size)
		return "of another size";
	if (used->access == 'w')
		return here->size && here->seconds != there->seconds ? "another one" : NULL;
	return strcmp(here->id, there->id) != 0 ? "of another build" : NULL;
}

static enum check_outcome check_used(const struct preflight *p, const struct used *used,
				     struct finding *f)
{
	struct look there;
	const char *differs;

	if (facts_has(p->destination, "absent", used->look.path))
		return fail_absent(p, used, f);
	if (!find_there(p->destination, used->look.path, &there))
		return CHECK_OK;
	differs = difference(used, &there);
	if (!differs)
		return CHECK_OK;
	bool mode = (used->look.mode & S_IFMT) == (there.mode & S_IFMT) &&
		    used->look.mode != there.mode;
	return check_fail(f, mode ? "give it the same mode there: chmod" : remedy_of(used),
			  "in container '%s' on %s process %d %s '%.200s', which is %s on %s",
			  p->bundle->name, p->source_name, used->pid, use_of(used), used->look.path,
			  differs, p->destination_name);
}

CHECK(files)
{
	const struct facts *facts = p->source;
	struct used used;

	for (size_t i = 0; i < facts->n; i++)
		if (strcmp(facts->rows[i].key, "file") == 0 &&
		    read_used(facts->rows[i].value, &used) &&
		    check_used(p, &used, f) == CHECK_FAILED)
			return CHECK_FAILED;
	return CHECK_OK;
}

/* A directory is no place for a file, nor the other way around. */
static enum check_outcome check_bind_types(const struct preflight *p, struct finding *f)
{
	const char *was;

	for (size_t i = 0; (was = facts_nth(p->source, "bind-was", i)) != NULL; i++) {
		CLEANUP_FREE char *other =
			str_fmt("%c%s", *was == 'd' ? 'f' : 'd', *was ? was + 1 : "");
		if (facts_has(p->destination, "bind-is", other))
			return check_fail(
				f, NULL,
				"'%.200s' is a %s for container '%s' on %s, and a %s on %s",
				was + 2, *was == 'd' ? "directory" : "file", p->bundle->name,
				p->source_name, *was == 'd' ? "file" : "directory",
				p->destination_name);
	}
	return CHECK_OK;
}

static enum check_outcome check_missing(const struct preflight *p, struct finding *f)
{
	const char *missing = facts_nth(p->destination, "missing-bind", 0);
	size_t n = 0;

	if (!missing)
		return CHECK_OK;
	while (facts_nth(p->destination, "missing-bind", n + 1))
		n++;
	if (n)
		return check_fail(f, NULL, "there is no '%.200s' on %s to bind, nor %zu more",
				  missing, p->destination_name, n);
	return check_fail(f, NULL, "there is no '%.200s' on %s to bind", missing,
			  p->destination_name);
}

CHECK(binds)
{
	const char *link = facts_get(p->destination, "bind-link");

	if (!p->bundle->binds.n)
		return CHECK_NOT_NEEDED;
	if (check_missing(p, f) == CHECK_FAILED || check_bind_types(p, f) == CHECK_FAILED)
		return CHECK_FAILED;
	if (*link)
		return check_fail(f,
				  "name in config.json what it leads to, or make a directory or a "
				  "file of it there",
				  "'%.200s', which container '%s' binds, is a symbolic link on %s",
				  link, p->bundle->name, p->destination_name);
	return CHECK_OK;
}

/* How a mount is made again: not by rbind, which makes it only when the container starts. */
static const char own_mount[] =
	"give it a bind mount of its own in config.json, with bind in place "
	"of rbind for the one above it, and start the container anew";

static enum check_outcome check_mounts_below(const struct preflight *p, struct finding *f)
{
	const char *received = facts_get(p->source, "mount-received"),
		   *below = facts_get(p->source, "mount-below"),
		   *copied = facts_get(p->source, "mount-copied");

	if (*received || *below)
		return check_fail(f, *received ? "unmount it on that host" : own_mount,
				  "container '%s' has a mount of %s in it that config.json doesn't "
				  "have: %.200s",
				  p->bundle->name, p->source_name, *received ? received : below);
	if (*copied)
		return check_warn(f, own_mount,
				  "container '%s' gets a copy of its own of a tmpfs of %s: %.200s",
				  p->bundle->name, p->source_name, copied);
	return CHECK_OK;
}

CHECK(mounts)
{
	const char *deleted = facts_get(p->source, "bind-deleted"),
		   *other = facts_get(p->source, "bind-other"),
		   *renamed = facts_get(p->source, "bind-renamed"),
		   *shared_mount = facts_get(p->source, "mount-shared");

	if (*deleted || *other)
		return check_fail(f, NULL,
				  "'%.200s' on %s, which container '%s' binds, has been removed or "
				  "replaced since it started",
				  *deleted ? deleted : other, p->source_name, p->bundle->name);
	if (*shared_mount)
		return check_fail(f,
				  "set linux.rootfsPropagation to rslave in config.json, and start "
				  "the container anew",
				  "container '%s' shares mounts with %s that CRIU can't restore: "
				  "%.200s",
				  p->bundle->name, p->source_name, shared_mount);
	if (check_mounts_below(p, f) == CHECK_FAILED)
		return CHECK_FAILED;
	if (*renamed)
		return check_warn(
			f, NULL,
			"'%.200s' on %s, which container '%s' binds, is another one since "
			"it started; after the move it has that of %s",
			renamed, p->source_name, p->bundle->name, p->destination_name);
	return CHECK_OK;
}

CHECK(fifos)
{
	const char *fifo = facts_get(p->source, "fifo");

	if (!*fifo)
		return CHECK_OK;
	return check_fail(f, NULL,
			  "container '%s' on %s has a named pipe open whose other end is outside "
			  "of it, and stays there: %.300s",
			  p->bundle->name, p->source_name, fifo);
}
