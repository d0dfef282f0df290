/* SPDX-License-Identifier: MIT */
#include "cmigrate/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Both ends of up to four pipes; an end that isn't open is -1. */
struct pipes {
	int in[2], out[2], err[2], exec[2];
};

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		fd_close(&p->in[i]);
		fd_close(&p->out[i]);
		fd_close(&p->err[i]);
		fd_close(&p->exec[i]);
	}
}

static int pipes_open(struct pipes *p, const struct proc_spec *spec)
{
	if (spec->with_stdin && pipe2(p->in, O_CLOEXEC) < 0)
		return -1;
	if (!spec->log && (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0))
		return -1;
	return pipe2(p->exec, O_CLOEXEC);
}

/* Makes fd descriptor n without close-on-exec, even if it is n already. */
static int place(int fd, int n)
{
	if (fd == n)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, n) < 0 ? -1 : 0;
}

/* The reason why the child could not start: the file it could not make, or the program itself. */
struct failure {
	int cause;
	const char *file;
};

static int child_stdio(const struct proc_spec *spec, const struct pipes *p, const char **ret_file)
{
	int in = spec->with_stdin ? p->in[0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = p->out[1], err = p->err[1];

	if (spec->log) {
		out = open(spec->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		err = out;
		*ret_file = out < 0 ? spec->log : NULL;
	}
	if (in < 0 || out < 0)
		return -1;
	return place(in, 0) < 0 || place(out, 1) < 0 || place(err, 2) < 0 ? -1 : 0;
}

static void child_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Also closes descriptors that a library, or whoever started us, opened without close-on-exec. */
static void child_descriptors(void)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 3u, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */) == 0)
		return;
#endif
	/* Linux before 5.11: close the first 256, which is more than anybody numbers by hand. */
	for (int fd = 3; fd < 256; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* "PID.STARTTIME" of this process; the start is the 20th word after the name in stat. */
static int own_identity(char *text, size_t size)
{
	char stat[2048];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);

	fd_close(&fd);
	if (n <= 0)
		return -1;
	stat[n] = '\0';
	const char *word = strrchr(stat, ')');
	for (int i = 0; word && i < 20; i++)
		word = strchr(word + 1, ' ');
	if (!word)
		return -1;
	(void)snprintf(text, size, "%d.%.*s", (int)getpid(), (int)strcspn(word + 1, " "), word + 1);
	return 0;
}

/* A link needs no room in a file system that is full, and is never there half. */
static int child_record(const struct proc_spec *spec, const char **ret_file)
{
	char identity[64];

	if (!spec->record)
		return 0;
	*ret_file = spec->record;
	if (own_identity(identity, sizeof(identity)) < 0 ||
	    (unlink(spec->record) < 0 && errno != ENOENT) || symlink(identity, spec->record) < 0)
		return -1;
	*ret_file = NULL;
	return 0;
}

static void child_limits(const struct proc_spec *spec)
{
	struct rlimit files;

	if (spec->tied)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (spec->usual_umask)
		(void)umask(022);
	if (spec->many_files && getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/*
 * Whoever ends a process for good looks for its children afterwards: by then they end with it, have
 * a record, or see here that they must not begin.
 */
static void child_needs(const struct proc_spec *spec, pid_t parent)
{
	if ((spec->tied || spec->record) && getppid() != parent)
		_exit(126);
}

static _Noreturn void child(const struct proc_spec *spec, const struct pipes *p, pid_t parent)
{
	struct failure why = {0};

	(void)setsid();
	child_signals();
	child_descriptors();
	child_limits(spec);
	int ready = child_stdio(spec, p, &why.file);
	child_needs(spec, parent);
	if (ready == 0 && child_record(spec, &why.file) == 0) {
		child_needs(spec, parent);
		for (char *const *e = spec->env; e && *e; e++)
			(void)putenv(*e);
		(void)execvp(spec->argv[0], spec->argv);
	}
	why.cause = errno;
	ssize_t n = write(p->exec[1], &why, sizeof(why));
	_exit(n < 0 ? 126 : 127);
}

/* Waits until exec closes the pipe. The cause is 0, or the one that the child sent. */
static struct failure exec_failure(int fd)
{
	struct failure why = {0};
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(why) ? why : (struct failure){0};
}

static int cant_start(const struct proc_spec *spec, const struct failure *why, struct err *err)
{
	errno = why->cause;
	if (why->file)
		return err_errno(err, EXIT_FAILED, "can't write '%s' for '%s'", why->file,
				 spec->argv[0]);
	return err_errno(err, EXIT_FAILED, "can't start '%s'", spec->argv[0]);
}

static int steal(int *fd)
{
	int f = *fd;

	*fd = -1;
	if (f >= 0)
		(void)fcntl(f, F_SETFL, fcntl(f, F_GETFL) | O_NONBLOCK);
	return f;
}

int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err)
{
	struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	pid_t pid = -1, self = getpid();

	if (pipes_open(&p, spec) == 0)
		pid = fork();
	if (pid == 0)
		child(spec, &p, self);
	if (pid < 0) {
		(void)err_errno(err, EXIT_FAILED, "can't start '%s'", spec->argv[0]);
		pipes_close(&p);
		return -1;
	}
	fd_close(&p.exec[1]);
	struct failure why = exec_failure(p.exec[0]);
	if (why.cause) {
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pipes_close(&p);
		return cant_start(spec, &why, err);
	}
	*ret = (struct proc){pid, steal(&p.in[1]), steal(&p.out[0]), steal(&p.err[0])};
	pipes_close(&p);
	return 0;
}

bool proc_reap(struct proc *p, int *ret_status)
{
	int status;
	pid_t pid = waitpid(p->pid, &status, WNOHANG);

	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	if (pid < 0)
		*ret_status = 255;
	else
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	p->pid = -1;
	return true;
}

void proc_signal(const struct proc *p, int sig)
{
	if (p->pid > 0)
		(void)kill(-p->pid, sig);
}

void proc_close(struct proc *p)
{
	fd_close(&p->in);
	fd_close(&p->out);
	fd_close(&p->err);
}
