/* SPDX-License-Identifier: MIT */
#include "cordons.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/fact.h"
#include "agent/request/paths.h"
#include "cmigrate/base/name.h"
#include "cmigrate/base/proc.h"
#include "state_file.h"

#define PREFIX "cordon-"
/* The longest first line: a reason has at most 400 bytes, and JSON may write each as six. */
#define LINE_MAX_BYTES 4096
/* No inventory has as many hosts. */
#define CORDONS_MAX 1000

static bool is_mark(const char *file)
{
	struct err unused = ERR_INIT;

	return str_starts(file, PREFIX) && name_check_host(file + strlen(PREFIX), &unused) == 0;
}

static void say_one(struct request *req, int dir, const char *file)
{
	CLEANUP_BUF struct buf text = {0};
	int fd = state_file_open(dir, file, O_RDONLY);

	/* It was removed meanwhile. */
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || read_rest(fd, LINE_MAX_BYTES, &text) < 0) {
		fact_say(req, "cordon-unread", file);
	} else {
		CLEANUP_FREE char *line =
			str_fmt("%s %.*s", file + strlen(PREFIX),
				(int)strcspn(buf_str(&text), "\n"), buf_str(&text));
		fact_say(req, "cordon", line);
	}
	fd_close(&fd);
}

void cordons_say(struct request *req)
{
	CLEANUP_FREE char *path = path_state(&(struct request){.root = req->root});
	int fd = state_dir_open(path, false);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	size_t n = 0;

	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		fact_say(req, "cordon-unread", path);
	if (fd >= 0 && !dir)
		fd_close(&fd);
	while (dir && n < CORDONS_MAX && !request_over(req) && (entry = readdir(dir)) != NULL) {
		if (!is_mark(entry->d_name))
			continue;
		say_one(req, dirfd(dir), entry->d_name);
		n++;
	}
	if (dir)
		(void)closedir(dir);
}
