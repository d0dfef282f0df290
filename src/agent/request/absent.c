/* SPDX-License-Identifier: MIT */
#include "absent.h"

#include <errno.h>
#include <sys/stat.h>

bool path_absent(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}
