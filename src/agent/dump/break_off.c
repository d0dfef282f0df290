/* SPDX-License-Identifier: MIT */
/*
 * Makes a dump fail that is writing the memory: CRIU then lets go of the processes as it does after
 * any failure, within milliseconds instead of when all is written. It must not be killed, because
 * its code runs inside of them. It moves memory from pipes to its image by splice(2), which refuses
 * a file that is open for appending, and that flag belongs to the open file: who holds it too can
 * set it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/session.h"
#include "cmigrate/base/deadline.h"

/* It is over sooner; without pidfd_getfd(2), which is of Linux 5.6, nothing can be done. */
#define BREAK_OFF_MS 2000
#define AGAIN_MS 1

int verb_break_off(struct request *req);

/* /.../images-ID/pages-N.img */
static bool is_pages(pid_t pid, const char *fd, const char *images)
{
	CLEANUP_FREE char *name = str_fmt("fd/%s", fd);
	CLEANUP_FREE char *path = process_link(pid, name);
	CLEANUP_FREE char *part = str_fmt("%s/pages-", strrchr(images, '/'));

	return path && strstr(path, part);
}

static void set_append(int process, int number)
{
	int fd = process_take_fd(process, number);
	int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_APPEND);
	if (fd >= 0)
		(void)close(fd);
}

static void refuse_pages(pid_t criu, const char *images)
{
	CLEANUP_FREE char *path = str_fmt("/proc/%d/fd", (int)criu);
	int process = process_pidfd(criu);
	DIR *dir = process < 0 ? NULL : opendir(path);

	for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
		if (e->d_name[0] != '.' && is_pages(criu, e->d_name, images))
			set_append(process, atoi(e->d_name));
	if (dir)
		(void)closedir(dir);
	if (process >= 0)
		(void)close(process);
}

/* Makes it fail wherever it writes memory; false if there is none any more. */
static bool refuse_all(const char *record, const char *images)
{
	CLEANUP_PIDS struct pids pids = {0};
	struct process p;
	bool any = false;

	session_members(record, &pids);
	for (size_t i = 0; i < pids.n; i++) {
		if (!process_read(pids.v[i], &p) || strcmp(p.comm, "criu") != 0)
			continue;
		refuse_pages(p.pid, images);
		any = true;
	}
	return any;
}

/*
 * break-off container id images: again and again until CRIU has ended, because it may open an image
 * for each process. Its gate has been closed before. runc may end later: it does nothing to the
 * container any more.
 */
int verb_break_off(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *record = session_path(run, SESSION_DUMP);
	CLEANUP_FREE char *images = path_images(req);
	const int64_t end = deadline_in_ms(BREAK_OFF_MS);

	while (refuse_all(record, images))
		if (deadline_passed(end) || !request_sleep(req, AGAIN_MS))
			return request_fail(req, "criu goes on with the dump");
	return 0;
}
