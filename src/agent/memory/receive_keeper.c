/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/keeper.h"
#include "agent/request/paths.h"
#include "agent/shared/criu_log.h"
#include "tunnel.h"

static int make_dir(struct request *req, const char *path)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return request_errno(req, "'%s'", path);
}

/* The directory for the memory of the dump, or of a pass. The caller's; NULL: it can't be made. */
static char *make_directory(struct request *req)
{
	unsigned long long pass = request_number(req, "pass");
	CLEANUP_FREE char *pages = path_in_run(req, "pages");

	if (make_dir(req, pages) != 0)
		return NULL;
	char *dir = pass ? str_fmt("%s/pass-%llu", pages, pass) : str_dup(pages);
	if (pass && make_dir(req, dir) != 0) {
		free(dir);
		return NULL;
	}
	return dir;
}

/* The pass that this one or the dump builds on, relative to the directory, as criu reads it. */
static void add_parent(struct argv *criu, const struct request *req)
{
	unsigned long long parent = request_number(req, "parent");

	if (!parent)
		return;
	argv_add(criu, "--prev-images-dir");
	argv_addf(criu, "%spass-%llu", request_number(req, "pass") ? "../" : "", parent);
}

/* Where its client comes from. -1 with a message. */
static int add_client(struct argv *criu, struct request *req)
{
	if (request_has(req, "server")) {
		argv_addl(criu, "--address", request_get(req, "server"), "--port",
			  request_get(req, "port"), NULL);
		return 0;
	}
	int fd = tunnel_connect(req);
	argv_addl(criu, "--ps-socket", NULL);
	argv_addf(criu, "%d", fd);
	return fd < 0 ? -1 : 0;
}

/* criu's exit status. It writes a byte to the fifo when it listens, or has its client. */
static int serve(struct request *req, const char *dir)
{
	CLEANUP_FREE char *run = path_run(req);
	CLEANUP_FREE char *fifo = path_in_run(req, "listens");
	CLEANUP_FREE char *output = path_in_run(req, "receive.out");
	CLEANUP_ARGV struct argv criu = {0};
	int seconds = (int)request_number(req, "seconds");

	/* Opened for reading too, so that this doesn't wait for a reader; criu inherits it. */
	int listens = open(fifo, O_RDWR | O_NONBLOCK);
	int out = open(output, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (listens < 0 || out < 0)
		return request_errno(req, "'%s'", listens < 0 ? fifo : output);
	argv_addl(&criu, "criu", "page-server", "--images-dir", dir, "--work-dir", run,
		  "--log-file", "receive.log", "-v2", "--status-fd", NULL);
	argv_addf(&criu, "%d", listens);
	add_parent(&criu, req);
	if (add_client(&criu, req) < 0)
		return 1;
	return keeper_run(criu.v, out, seconds * 1000);
}

static int is_pages(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return strncmp(entry->d_name, "pages-", 6) == 0 && len > 4 &&
	       strcmp(entry->d_name + len - 4, ".img") == 0;
}

static unsigned long long bytes_in(const char *path)
{
	DIR *dir = opendir(path);
	unsigned long long sum = 0;
	struct stat st;

	for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;)
		if (is_pages(entry) && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
			sum += (unsigned long long)st.st_size;
	if (dir)
		(void)closedir(dir);
	return sum;
}

static int fail(struct request *req, int status)
{
	CLEANUP_FREE char *log = path_in_run(req, "receive.log");
	CLEANUP_FREE char *why = criu_log_error(log);

	if (!req->err.len)
		(void)request_fail(req, "its page server ended with status %d%s%s", status,
				   *why ? ": " : "", why);
	return status;
}

/* The inventory tells whether the dump was complete too. */
static int note_received(struct request *req, const char *dir)
{
	CLEANUP_FREE char *path = str_fmt("%s/received", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return request_errno(req, "'%s'", path);
	(void)close(fd);
	request_say(req, "%llu\n", bytes_in(dir));
	return 0;
}

/*
 * A page server for one dump: criu writes the memory that the source's criu sends to `server` and
 * `port`, or through the tunnel of the move `id`, to RUN/pages, or for a pass of pre-copy to
 * RUN/pages/pass-PASS. It ends when its client has sent everything and its files are complete: then
 * "received" is beside them, and the number of bytes is printed. It ends after `seconds` at the
 * latest.
 */
int receive_keeper(int argc, char **argv)
{
	struct request req;

	keeper_request(argc, argv, &req);
	CLEANUP_FREE char *dir = make_directory(&req);
	/* criu answers its client before it has closed its files: they are complete only when it
	 * has ended. */
	int status = dir ? serve(&req, dir) : 1;
	return keeper_end(&req, status == 0 ? note_received(&req, dir) : fail(&req, status));
}
