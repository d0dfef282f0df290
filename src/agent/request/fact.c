/* SPDX-License-Identifier: MIT */
#include "fact.h"

#include <sys/statvfs.h>

void fact_say(struct request *req, const char *key, const char *value)
{
	CLEANUP_FREE char *line = str_dup(value ? value : "");

	for (char *at = line; *at; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	request_say(req, "%s=%s\n", key, line);
}

void fact_say_yes(struct request *req, const char *key, bool yes)
{
	if (yes)
		fact_say(req, key, "yes");
}

void fact_say_room(struct request *req, const char *key, const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) == 0)
		request_say(req, "%s=%llu\n", key, (unsigned long long)fs.f_bavail * fs.f_frsize);
}
