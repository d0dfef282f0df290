/* SPDX-License-Identifier: MIT */
#include "ssh_socket.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmigrate/base/proc.h"
#include "cmigrate/base/str.h"

/* Another process may remove the directory as often before we lock it. */
#define TRIES 20

static struct {
	char *path;
	int fd;
	size_t users;
} control;

static char *path_of_user(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return str_dup("/run/cmigrate-ssh");
	if (runtime && *runtime == '/' && strlen(runtime) < 48)
		return str_fmt("%s/cmigrate-ssh", runtime);
	return str_fmt("/tmp/cmigrate-ssh-%u", (unsigned)geteuid());
}

/* Creates, opens and locks the directory; -1 if somebody removed it meanwhile or if it belongs to
 * another user. */
static int hold(const char *dir)
{
	struct stat ours, now;

	(void)mkdir(dir, 0700);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_SH) < 0 || fstat(fd, &ours) < 0 || lstat(dir, &now) < 0 ||
	    ours.st_ino != now.st_ino || ours.st_dev != now.st_dev || ours.st_uid != geteuid() ||
	    (ours.st_mode & 077))
		fd_close(&fd);
	return fd;
}

const char *control_take(void)
{
	if (!control.users) {
		control.path = path_of_user();
		control.fd = -1;
		for (int tries = 0; control.fd < 0 && tries < TRIES; tries++)
			control.fd = hold(control.path);
	}
	control.users++;
	return control.fd < 0 ? NULL : control.path;
}

void control_give_back(void)
{
	if (--control.users)
		return;
	if (control.fd >= 0 && flock(control.fd, LOCK_EX | LOCK_NB) == 0)
		(void)rmdir(
			control.path); /* fails if ssh of a killed run still has a socket there */
	fd_close(&control.fd);
	free(control.path);
	control.path = NULL;
}
