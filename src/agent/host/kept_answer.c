/* SPDX-License-Identifier: MIT */
#include "kept_answer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/request/text_file.h"
#include "cmigrate/base/str.h"

/* Beside /run/cmigrate, where every name is one of a container. */
#define DIRECTORY "/run/cmigrate-programs"
#define ANSWER_MAX 4096

/* The file that is executed by this name, along PATH; false if there is none. */
static bool find_program(const char *name, char **ret_path, struct stat *ret)
{
	CLEANUP_ARGV struct argv dirs = {0};
	const char *path = getenv("PATH");

	argv_words(&dirs, path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", ":");
	for (size_t i = 0; i < dirs.n; i++) {
		char *file = str_fmt("%s/%s", dirs.v[i], name);
		if (stat(file, ret) == 0 && S_ISREG(ret->st_mode) && access(file, X_OK) == 0) {
			*ret_path = file;
			return true;
		}
		free(file);
	}
	return false;
}

char *kept_answer_identity(const char *program)
{
	CLEANUP_FREE char *boot = text_file_read("/proc/sys/kernel/random/boot_id", 64, NULL);
	CLEANUP_FREE char *path = NULL;
	struct utsname kernel;
	struct stat st;

	if (!boot || uname(&kernel) < 0 || !find_program(program, &path, &st))
		return NULL;
	return str_fmt("%s %s %ju:%ju %jd %jd.%09ld %jd.%09ld %s", kernel.release, str_trim(boot),
		       (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		       (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
		       st.st_ctim.tv_nsec, path);
}

/* Opens the directory if it is root's alone; -1 if not. */
static int open_directory(void)
{
	struct stat st;
	int fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != 0 || (st.st_mode & 077) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

char *kept_answer_read(const char *question, const char *identity)
{
	int dir = identity ? open_directory() : -1;

	if (dir < 0)
		return NULL;
	CLEANUP_FREE char *text = text_file_read_at(dir, question, ANSWER_MAX, NULL);
	(void)close(dir);
	/* Both lines are there, or it is not taken. */
	char *answer = text ? strchr(text, '\n') : NULL;
	char *end = answer ? strchr(answer + 1, '\n') : NULL;
	if (!end)
		return NULL;
	*answer = *end = '\0';
	return strcmp(text, identity) == 0 ? str_dup(answer + 1) : NULL;
}

static bool write_file(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	return close(fd) == 0 && written;
}

void kept_answer_write(const char *question, const char *identity, const char *answer)
{
	uint64_t random = 0;

	if (!identity || strchr(answer, '\n') || (mkdir(DIRECTORY, 0700) < 0 && errno != EEXIST))
		return;
	int dir = open_directory();
	if (dir < 0 || getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		if (dir >= 0)
			(void)close(dir);
		return;
	}
	CLEANUP_FREE char *text = str_fmt("%s\n%s\n", identity, answer);
	CLEANUP_FREE char *draft = str_fmt("%s.%016llx", question, (unsigned long long)random);
	/* A reader sees the old answer or the new one. */
	if (!write_file(dir, draft, text) || renameat(dir, draft, dir, question) < 0)
		(void)unlinkat(dir, draft, 0);
	(void)close(dir);
}
