/* SPDX-License-Identifier: MIT */
#include "tmpfs_mounts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/request/process.h"
#include "agent/request/text_file.h"

#define MOUNTINFO_MAX (4u * 1024 * 1024)
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Words of a line of mountinfo, proc_pid_mountinfo(5). */
enum { ID, PARENT, DEVICE, ROOT, POINT, FLAGS, TAGS, TYPE, SOURCE, OPTIONS, MOUNT_WORDS };

/* Splits a line in place. False if it has optional words: mounts propagate from there or to there;
 * TYPE to OPTIONS are not set then. */
static bool mount_split(char *line, char *words[MOUNT_WORDS])
{
	for (size_t i = 0; i < MOUNT_WORDS; i++)
		words[i] = line ? strsep(&line, " ") : "";
	return words[TAGS] && strcmp(words[TAGS], "-") == 0;
}

bool tmpfs_options_are_known(const char *options)
{
	static const char *const keys[] = {
		"size=", "nr_blocks=", "nr_inodes=", "mode=", "uid=", "gid="};

	if (!str_starts(options, "rw") && !str_starts(options, "ro"))
		return false;
	for (options += 2; *options;) {
		size_t key = 0, n;
		if (*options++ != ',')
			return false;
		while (key < sizeof(keys) / sizeof(*keys) && !str_starts(options, keys[key]))
			key++;
		if (key == sizeof(keys) / sizeof(*keys))
			return false;
		options += strlen(keys[key]);
		n = strspn(options, LETTERS DIGITS);
		if (!n)
			return false;
		options += n;
	}
	return true;
}

/* Without those that a kernel adds by itself. */
static char *plain_options(const char *text)
{
	struct buf plain = {0};
	CLEANUP_ARGV struct argv words = {0};

	argv_words(&words, text, ",");
	for (size_t i = 0; i < words.n; i++)
		if (strcmp(words.v[i], "seclabel") != 0 && strcmp(words.v[i], "inode32") != 0 &&
		    strcmp(words.v[i], "inode64") != 0)
			buf_printf(&plain, "%s%s", i ? "," : "", words.v[i]);
	return buf_steal(&plain);
}

/* Absolute, of harmless characters, without empty words. */
static bool path_is_harmless(const char *path)
{
	do {
		size_t n = *path == '/' ? strspn(path + 1,
						 LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "._-")
					: 0;
		if (!n)
			return false;
		path += 1 + n;
	} while (*path);
	return true;
}

static void add(struct tmpfs_mounts *to, struct tmpfs_mount mount)
{
	to->v = mem_grow(to->v, to->n + 1, sizeof(*to->v));
	to->v[to->n++] = mount;
}

/* How many lines of a table have that word in that place. */
static size_t count(const char *table, int place, const char *word)
{
	CLEANUP_ARGV struct argv lines = {0};
	size_t n = 0;

	argv_words(&lines, table, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *words[MOUNT_WORDS];
		(void)mount_split(lines.v[i], words);
		n += strcmp(words[place], word) == 0;
	}
	return n;
}

static void consider(struct tmpfs_mounts *ret, char *words[MOUNT_WORDS], const char *host,
		     const char *container)
{
	if (strcmp(words[TYPE], "tmpfs") != 0 || strcmp(words[ROOT], "/") != 0 ||
	    !str_starts(words[DEVICE], "0:") || strcmp(words[POINT], "/sys/fs/cgroup") == 0 ||
	    !path_is_harmless(words[POINT]) || count(host, DEVICE, words[DEVICE]) ||
	    count(container, POINT, words[POINT]) != 1)
		return;
	char *options = plain_options(words[OPTIONS]);
	if (!tmpfs_options_are_known(options)) {
		free(options);
		return;
	}
	unsigned long minor_number = strtoul(words[DEVICE] + 2, NULL, 10);
	add(ret, (struct tmpfs_mount){.number = (unsigned)ret->n + 1,
				      .options = options,
				      .path = str_dup(words[POINT]),
				      .device = makedev(0, (unsigned)minor_number)});
}

void tmpfs_mounts_find(struct tmpfs_mounts *ret, const char *host, const char *container)
{
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, container, "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *words[MOUNT_WORDS];
		if (!mount_split(lines.v[i], words)) {
			while (ret->n)
				tmpfs_mounts_drop(ret, 0);
			return;
		}
		consider(ret, words, host, container);
	}
}

int tmpfs_mounts_read(struct tmpfs_mounts *ret, pid_t pid)
{
	if (pid <= 0 || !process_in_our(pid, "user"))
		return -1;
	CLEANUP_FREE char *host = text_file_read("/proc/self/mountinfo", MOUNTINFO_MAX, NULL);
	CLEANUP_FREE char *there = process_file(pid, "mountinfo", MOUNTINFO_MAX, NULL);
	if (!host || !there)
		return -1;
	ret->pid = pid;
	tmpfs_mounts_find(ret, host, there);
	return 0;
}

void tmpfs_mounts_drop(struct tmpfs_mounts *mounts, size_t i)
{
	free(mounts->v[i].options);
	free(mounts->v[i].path);
	mounts->n--;
	memmove(&mounts->v[i], &mounts->v[i + 1], (mounts->n - i) * sizeof(*mounts->v));
}

void tmpfs_mounts_clear(struct tmpfs_mounts *mounts)
{
	while (mounts->n)
		tmpfs_mounts_drop(mounts, mounts->n - 1);
	free(mounts->v);
	mounts->v = NULL;
}

void tmpfs_mounts_print(const struct tmpfs_mounts *mounts, struct buf *to)
{
	buf_printf(to, "%d\n", (int)mounts->pid);
	for (size_t i = 0; i < mounts->n; i++)
		buf_printf(to, "%u %s %s %llu\n", mounts->v[i].number, mounts->v[i].options,
			   mounts->v[i].path, (unsigned long long)mounts->v[i].device);
}

static bool parse_line(struct tmpfs_mounts *ret, const char *line)
{
	CLEANUP_ARGV struct argv words = {0};

	argv_words(&words, line, " ");
	if (words.n != 4 || !tmpfs_options_are_known(words.v[1]) || !path_is_harmless(words.v[2]))
		return false;
	add(ret, (struct tmpfs_mount){.number = (unsigned)strtoul(words.v[0], NULL, 10),
				      .options = str_dup(words.v[1]),
				      .path = str_dup(words.v[2]),
				      .device = (dev_t)strtoull(words.v[3], NULL, 10)});
	return true;
}

int tmpfs_mounts_parse(struct tmpfs_mounts *ret, const char *text)
{
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, text, "\n");
	ret->pid = lines.n ? (pid_t)strtol(lines.v[0], NULL, 10) : 0;
	if (ret->pid <= 0)
		return -1;
	for (size_t i = 1; i < lines.n; i++)
		if (!parse_line(ret, lines.v[i]))
			return -1;
	return 0;
}

int tmpfs_mount_open(const struct tmpfs_mounts *mounts, size_t i)
{
	const struct tmpfs_mount *mount = &mounts->v[i];
	CLEANUP_FREE char *path = str_fmt("/proc/%d/root%s", (int)mounts->pid, mount->path);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != mount->device)) {
		close(fd);
		return -1;
	}
	return fd;
}
