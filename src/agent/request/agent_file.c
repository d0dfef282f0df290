/* SPDX-License-Identifier: MIT */
#include "agent_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* A kept agent is named by its SHA-256 in hex digits. */
#define NAME_LEN 64
#define OLD_SECONDS (30L * 24 * 3600)

/* The same, in the same order, as the line that starts an agent over ssh (src/host/ssh.c).
 */
static const char *const dirs[] = {"/run/cmigrate-agent", "/var/lib/cmigrate-agent",
				   "/root/.cmigrate-agent"};

static struct {
	pthread_mutex_t lock;
	const char *kept, *name;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Agents of other builds that nobody has sent for a month are of no use to anybody: not to a gate
 * either, which waits for minutes. */
static void remove_old(const char *dir)
{
	DIR *entries = opendir(dir);

	for (struct dirent *e; entries && (e = readdir(entries)) != NULL;) {
		struct stat st;
		if (strlen(e->d_name) == NAME_LEN && strcmp(e->d_name, self.name) != 0 &&
		    fstatat(dirfd(entries), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    time(NULL) - st.st_mtime > OLD_SECONDS)
			(void)unlinkat(dirfd(entries), e->d_name, 0);
	}
	if (entries)
		(void)closedir(entries);
}

void agent_file_init(const char *kept, const char *name)
{
	self.kept = kept;
	self.name = name;
	for (size_t i = 0; name && kept && i < sizeof(dirs) / sizeof(*dirs); i++)
		if (str_starts(kept, dirs[i]))
			remove_old(dirs[i]);
}

static bool may_hold_programs(const char *dir)
{
	struct stat st;
	struct statvfs vfs;
	struct statfs fs;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return false;
	return lstat(dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & 022) && statvfs(dir, &vfs) == 0 && !(vfs.f_flag & ST_NOEXEC) &&
	       statfs(dir, &fs) == 0 && fs.f_type != NFS_SUPER_MAGIC;
}

static bool copy_self(int to)
{
	struct stat st;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	bool ok = from >= 0 && fstat(from, &st) == 0;

	for (off_t left = ok ? st.st_size : 0; ok && left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		ok = n > 0 || (n < 0 && errno == EINTR);
		left -= n > 0 ? n : 0;
	}
	if (from >= 0)
		(void)close(from);
	return ok;
}

/* The file gets its name when it is complete. */
static char *store(const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, self.name);
	CLEANUP_FREE char *new = str_fmt("%s/new.%d", dir, (int)getpid());

	if (access(path, X_OK) == 0)
		return str_dup(path);
	int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0700);
	bool ok = fd >= 0 && copy_self(fd);
	if (fd >= 0)
		(void)close(fd);
	if (ok && rename(new, path) == 0)
		return str_dup(path);
	(void)unlink(new);
	return NULL;
}

char *agent_file(struct request *req)
{
	char *path = NULL;

	(void)pthread_mutex_lock(&self.lock);
	if (self.kept && access(self.kept, X_OK) == 0)
		path = str_dup(self.kept);
	for (size_t i = 0; !path && self.name && i < sizeof(dirs) / sizeof(*dirs); i++)
		if (may_hold_programs(dirs[i]))
			path = store(dirs[i]);
	/* Nobody removes the file of a gate (remove_old()). An installed one has no such name. */
	if (path && self.name)
		(void)utimensat(AT_FDCWD, path, NULL, 0);
	(void)pthread_mutex_unlock(&self.lock);
	if (!path)
		(void)request_fail(
			req,
			"no directory has room for cmigrate's agent and lets programs be "
			"executed: %s, %s, %s",
			dirs[0], dirs[1], dirs[2]);
	return path;
}
