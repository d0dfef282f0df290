/* SPDX-License-Identifier: MIT */
#include "agent_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cmigrate/agent/image.h"
#include "cmigrate/host/gate_keeper.h"
#include "ssh.h"

static bool write_image(int fd)
{
	for (const unsigned char *from = agent_image; from < agent_image_end;) {
		ssize_t n = write(fd, from, (size_t)(agent_image_end - from));
		if (n < 0 && errno != EINTR)
			return false;
		from += n > 0 ? n : 0;
	}
	return true;
}

/* A file without a name in that directory; -1 if it can't be had, or not be executed. */
static int fd_in(const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s/cmigrate-agent-XXXXXX", dir);
	struct statvfs vfs;
	int fd = -1;
	int to = mkostemp(path, O_CLOEXEC);

	if (to < 0)
		return -1;
	(void)unlink(path);
	/* The kernel executes no file that is open for writing. */
	CLEANUP_FREE char *again = str_fmt("/proc/self/fd/%d", to);
	if (fstatvfs(to, &vfs) == 0 && !(vfs.f_flag & ST_NOEXEC) && write_image(to) &&
	    fchmod(to, 0700) == 0)
		fd = open(again, O_RDONLY | O_CLOEXEC);
	(void)close(to);
	return fd;
}

/* A file in memory with the agent. Linux before 3.17 (RHEL 7) has no such files, and elsewhere the
 * memory may not suffice: then it is one of a directory. -1 with a message. */
static int image_fd(struct err *err)
{
	const char *const dirs[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/run"};
	int fd = memfd_create("cmigrate-agent", MFD_CLOEXEC);

	if (fd >= 0 && write_image(fd))
		return fd;
	fd_close(&fd);
	for (size_t i = 0; fd < 0 && i < sizeof(dirs) / sizeof(*dirs); i++)
		if (dirs[i] && *dirs[i])
			fd = fd_in(dirs[i]);
	return fd >= 0 ? fd
		       : err_set(err, EXIT_FAILED,
				 "neither memory nor /tmp, /var/tmp or /run has room for the agent "
				 "and lets programs be executed: set TMPDIR to a directory that "
				 "does");
}

static int start_here(struct proc *ret, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	int fd = image_fd(err);

	if (fd < 0)
		return -1;
	argv_addf(&a, "/proc/self/fd/%d", fd);
	argv_addl(&a, "serve", "--name", agent_image_sum, "--in-memory", NULL);
	int status = proc_spawn(&(struct proc_spec){.argv = a.v, .with_stdin = true}, ret, err);
	(void)close(fd);
	return status;
}

int agent_start(const struct host *host, struct proc *ret, struct err *err)
{
	return host_is_local(host) ? start_here(ret, err) : ssh_start(host, ret, err);
}

int gate_keeper_serve(const char *bundle_root, struct err *err)
{
	CLEANUP_ARGV struct argv a = {0};
	int fd = image_fd(err);

	if (fd < 0)
		return -1;
	argv_addl(&a, "cmigrate-agent", "serve", "--name", agent_image_sum, "--bundle-root",
		  bundle_root, "--in-memory", NULL);
	(void)fexecve(fd, a.v, environ);
	(void)err_errno(err, EXIT_FAILED, "gate-keeper: can't start the agent");
	(void)close(fd);
	return -1;
}
