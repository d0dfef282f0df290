/* SPDX-License-Identifier: MIT */
/* Files that are open or mapped, and are none of the shared directory: the destination must have
 * the same ones. */
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "agent/request/process.h"
#include "cmigrate/base/name.h"
#include "file_look.h"
#include "walk.h"

#define FILES_MAX 1000
/* With all that is said of it, such a path is still a fact (fact.h), and a line of a request. */
#define PATH_LONG 400
/* Paths that are known apart, and slots for them. */
#define SEEN_MAX 2048
#define SLOTS 4096

/* File systems that a kernel makes up: each host has its own, and CRIU knows them. */
static bool is_made_up(const struct statfs *fs)
{
	static const unsigned types[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,	CGROUP_SUPER_MAGIC,
					 CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,	TRACEFS_MAGIC,
					 DEVPTS_SUPER_MAGIC,  SECURITYFS_MAGIC, BPF_FS_MAGIC,
					 NSFS_MAGIC};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if ((unsigned)fs->f_type == types[i])
			return true;
	return false;
}

static bool is_local(const struct walk *walk, const struct bind *bind)
{
	struct statfs fs;

	return bind->source && bind->mount >= 0 && bind->st.st_dev != walk->shared &&
	       statfs(bind->source, &fs) == 0 && !is_made_up(&fs);
}

static uint64_t sum(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

/* Thousands of descriptors may be of one file. */
static bool is_seen(struct walk *walk, const char *path, bool written)
{
	/* 0 is a free slot. */
	uint64_t h = (sum(path) ^ (written ? UINT64_MAX / 3 : 0)) | 1;
	size_t slot = (h >> 1) % SLOTS;

	if (!walk->seen)
		walk->seen = mem_new(SLOTS, sizeof(*walk->seen));
	while (walk->seen[slot] && walk->seen[slot] != h)
		slot = (slot + 1) % SLOTS;
	if (walk->seen[slot] || walk->n_seen == SEEN_MAX)
		return true;
	walk->seen[slot] = h;
	walk->n_seen++;
	return false;
}

/* The row of the first process for a mount that a process of another mount namespace has. */
static const struct mount_row *row_of_first(const struct walk *walk, const struct mount_row *own)
{
	const struct mount_row *found = own ? mounts_find(&walk->mounts, own->id) : NULL;

	for (size_t i = 0; own && !found && i < walk->mounts.n; i++) {
		const struct mount_row *row = &walk->mounts.rows[i];
		if (row->major == own->major && row->minor == own->minor &&
		    strcmp(row->point, own->point) == 0)
			found = row;
	}
	return found;
}

/* The bind mount that a mount is, or is below of: the host has mounted something there. */
static const struct bind *bind_above(const struct walk *walk, const struct mount_row **row)
{
	const struct bind *bind = binds_find(&walk->binds, (*row)->id);

	if (bind || !mounts_have_device(&walk->host_mounts, *row))
		return bind;
	for (size_t i = 0; !bind && i < walk->mounts.n; i++) {
		*row = mounts_find(&walk->mounts, (*row)->parent);
		if (!*row)
			return NULL;
		bind = binds_find(&walk->binds, (*row)->id);
	}
	return bind && strcmp(bind->at, "/") != 0 ? bind : NULL;
}

/* Other paths can't be asked about. */
static bool is_plain(const char *path)
{
	CLEANUP_FREE char *masked = str_dup(path);
	struct err unused = ERR_INIT;

	str_mask(masked);
	return strlen(path) <= PATH_LONG && strcmp(masked, path) == 0 &&
	       name_check_path(path, &unused) == 0;
}

void used_file(struct walk *walk, const struct used_file *f)
{
	const struct mount_row *row = row_of_first(walk, f->row);
	const struct bind *bind = row ? bind_above(walk, &row) : NULL;
	const char *below = row ? path_below(f->path, row->point) : NULL;
	CLEANUP_BUF struct buf look = {0};

	if (!below || !bind || !bind->local || walk->files >= FILES_MAX ||
	    is_seen(walk, f->path, f->written) || !is_plain(f->path) ||
	    !file_look(f->link, f->fd < 0, &look))
		return;
	walk->files++;
	const char *at = strcmp(bind->at, "/") == 0 && *below ? "" : bind->at;
	request_say(walk->req, "file=%d %c %d %s %s%s\n", (int)f->pid, f->written ? 'w' : 'r',
		    f->fd, buf_str(&look), at, below);
}

static bool in_first_namespace(const struct walk *walk, pid_t pid)
{
	CLEANUP_FREE char *theirs = process_link(pid, "ns/mnt");
	CLEANUP_FREE char *first = process_link(walk->first, "ns/mnt");

	return theirs && first && strcmp(theirs, first) == 0;
}

void used_mounts(const struct walk *walk, pid_t pid, struct mounts *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (walk->has_local && !in_first_namespace(walk, pid))
		mounts_read(pid, ret);
}

void used_path(struct walk *walk, const struct mounts *own, const struct used_file *f)
{
	struct used_file found = *f;

	if (!walk->has_local)
		return;
	found.row = mounts_at(own->n ? own : &walk->mounts, f->path);
	used_file(walk, &found);
}

void used_directories(struct walk *walk, pid_t pid, const struct mounts *own)
{
	static const char *const links[] = {"cwd", "root"};

	for (size_t i = 0; walk->has_local && i < sizeof(links) / sizeof(*links); i++) {
		CLEANUP_FREE char *path = process_link(pid, links[i]);
		CLEANUP_FREE char *link = str_fmt("/proc/%d/%s", (int)pid, links[i]);
		if (path && *path == '/' && !walk_cut_deleted(path))
			used_path(walk, own,
				  &(struct used_file){
					  .pid = pid, .fd = -2, .link = link, .path = path});
	}
}

void used_files_begin(struct walk *walk)
{
	for (size_t i = 0; i < walk->binds.n; i++) {
		struct bind *bind = &walk->binds.v[i];
		bind->local = is_local(walk, bind);
		walk->has_local |= bind->local;
	}
}
