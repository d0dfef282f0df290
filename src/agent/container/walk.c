/* SPDX-License-Identifier: MIT */
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/request/fact.h"

#define TOLD_MAX 16
#define VALUE_MAX 600
/* A container with more deleted files can't be moved anyway. */
#define KNOWN_MAX 1024
#define LOOKED_MAX 64

static const char deleted[] = " (deleted)";

void walk_clear(struct walk *walk)
{
	free(walk->processes);
	free(walk->sockets);
	free(walk->seen);
	suspects_clear(walk);
	fifos_clear(walk);
	huge_pages_clear(walk);
	mounts_clear(&walk->mounts);
	mounts_clear(&walk->host_mounts);
	binds_clear(&walk->binds);
	argv_clear(&walk->known);
	argv_clear(&walk->namespaces);
	argv_clear(&walk->said);
	memset(walk, 0, sizeof(*walk));
}

static struct told *told_of(struct walk *walk, const char *key)
{
	size_t n = sizeof(walk->told) / sizeof(*walk->told);

	for (size_t i = 0; i < n; i++) {
		if (!walk->told[i].key)
			walk->told[i].key = key;
		if (strcmp(walk->told[i].key, key) == 0)
			return &walk->told[i];
	}
	/* There are fewer keys. */
	abort();
}

void walk_tell(struct walk *walk, const char *key, const char *fmt, ...)
{
	char value[VALUE_MAX + 1];
	va_list ap;

	if (told_of(walk, key)->times++ >= TOLD_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	fact_say(walk->req, key, value);
}

const struct process_status *walk_finds(const struct walk *walk, pid_t pid)
{
	for (size_t i = 0; i < walk->n; i++)
		if (walk->processes[i].pid == pid)
			return &walk->processes[i];
	return NULL;
}

bool walk_is_memory(const char *path)
{
	static const char *const names[] = {"/memfd:", "/dev/zero", "/SYSV", "/[aio]",
					    "/anon_hugepage"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_starts(path, names[i]))
			return true;
	return false;
}

bool walk_is_new(struct walk *walk, const char *path)
{
	if (walk->known.n >= KNOWN_MAX || argv_has(&walk->known, path))
		return false;
	argv_add(&walk->known, path);
	return true;
}

void walk_tell_deleted(struct walk *walk, const char *link, const char *path,
		       const struct mount_row *row)
{
	struct stat st;

	if (!walk_is_new(walk, path) || walk->looked++ >= LOOKED_MAX || stat(link, &st) < 0)
		return;
	walk_tell(walk, "deleted", "%lld %llu %s %s", (long long)st.st_size,
		  (unsigned long long)st.st_nlink, row && row->read_only ? "ro" : "rw", path);
}

bool walk_cut_deleted(char *path)
{
	size_t len = strlen(path), cut = sizeof(deleted) - 1;

	if (len < cut || strcmp(path + len - cut, deleted) != 0)
		return false;
	path[len - cut] = '\0';
	return true;
}
