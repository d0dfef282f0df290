/* SPDX-License-Identifier: MIT */
/*
 * Makes the work directory RUN of a move (logs, CRIU's configuration; on a tmpfs, because CRIU logs
 * thousands of lines) and on the source the images directory and the gate (gate.h). The role is
 * source, destination, or ungated: a source whose dump doesn't wait. sender and receiver: source
 * and destination of a move whose memory goes straight from one to the other. rehearsal: a
 * destination on which nothing is to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/agent_file.h"
#include "agent/request/paths.h"
#include "agent/shared/generations.h"
#include "gate.h"
#include "work_dir.h"

/* Exit status if the directory exists already: two moves of one name. Nothing has been made. */
#define TAKEN 17

int verb_prepare(struct request *req);

static const struct {
	const char *flag, *line; /* as in criu(8) */
} options[] = {
	{"network-lock-skip", "network-lock skip"},
	{"skip-in-flight", "skip-in-flight"},
	{"tcp-close", "tcp-close"},
	{"link-remap", "link-remap"},
	{GATE_OWN_NETWORK, ""},
};
#define N_OPTIONS (sizeof(options) / sizeof(*options))

/* CRIU's configuration file: options that runc lacks. */
static int criu_options(struct request *req, struct buf *conf)
{
	const char *flag;

	for (size_t i = 0; (flag = request_nth(req, "flag", i)) != NULL; i++) {
		size_t n = 0;
		while (n < N_OPTIONS && strcmp(options[n].flag, flag) != 0)
			n++;
		if (n == N_OPTIONS)
			return request_fail(req, "there is no flag '%s'", flag);
		if (*options[n].line)
			buf_printf(conf, "%s\n", options[n].line);
	}
	if (request_has(req, "ghost-limit"))
		buf_printf(conf, "ghost-limit %llu\n", request_number(req, "ghost-limit"));
	/* runc doesn't hand on the address of a page server for lazy pages: it would listen on all,
	 * of IPv4. */
	if (request_has(req, "server"))
		buf_printf(conf, "address %s\n", request_get(req, "server"));
	return 0;
}

static int add_gate(struct request *req, struct buf *conf)
{
	CLEANUP_FREE char *file = agent_file(req);
	CLEANUP_FREE char *gate = path_in_run(req, GATE_LINK);

	if (!file)
		return 1;
	if (symlink(file, gate) < 0)
		return request_errno(req, "can't make '%s'", gate);
	buf_printf(conf, "action-script \"%s\"\n", gate);
	return 0;
}

/* A script that stands in for runc may look at the images that it is called with. */
static bool runc_is_program(void)
{
	CLEANUP_ARGV struct argv dirs = {0};
	const char *path = getenv("PATH");
	char magic[4] = "";
	int fd = -1;

	argv_words(&dirs, path ? path : "", ":");
	for (size_t i = 0; i < dirs.n && fd < 0; i++) {
		CLEANUP_FREE char *file = str_fmt("%s/runc", dirs.v[i]);
		if (access(file, X_OK) == 0)
			fd = open(file, O_RDONLY | O_CLOEXEC);
	}
	bool is = fd >= 0 && read(fd, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0;
	if (fd >= 0)
		(void)close(fd);
	return is;
}

static int make_fifos(struct request *req, const char *const *names)
{
	for (; *names; names++) {
		CLEANUP_FREE char *path = path_in_run(req, *names);
		if (mkfifo(path, 0600) < 0)
			return request_errno(req, "can't make '%s'", path);
	}
	return 0;
}

/* Says "parks" if a restore may be started before there are images. */
static int prepare_destination(struct request *req, bool receives)
{
	static const char *const listens[] = {"listens", NULL}, *const parked[] = {"parked.conf",
										   NULL};

	if (receives && make_fifos(req, listens) != 0)
		return 1;
	if (!runc_is_program())
		return 0;
	if (make_fifos(req, parked) != 0)
		return 1;
	request_say(req, "parks\n");
	return 0;
}

static int prepare_gate(struct request *req, bool counts)
{
	static const char *const fifos[] = {GATE_PARKED, GATE_REACHED, GATE_SERVED, GATE_VERDICT,
					    NULL};

	/* The verdict links one of these, perhaps before anybody waits for it. */
	return work_dir_write(req, GATE_SAY_OPEN, "open\n") != 0 ||
			       work_dir_write(req, GATE_SAY_CLOSE, "close\n") != 0 ||
			       (counts && work_dir_write(req, GATE_COUNTS, "") != 0)
		       ? 1
		       : make_fifos(req, fifos);
}

/* The gate is CRIU's script of a restore too, also of one that is a way back. */
static int prepare_own_network(struct request *req, struct buf *conf)
{
	if (!request_is(req, "flag", GATE_OWN_NETWORK))
		return 0;
	if (!strstr(buf_str(conf), "action-script") && add_gate(req, conf) != 0)
		return 1;
	return work_dir_write(req, GATE_OWN_NETWORK, "");
}

static int prepare_source(struct request *req, struct buf *conf)
{
	CLEANUP_FREE char *images = path_images(req);
	const char *whose = request_get(req, "images");

	if (whose && str_starts(whose, "new-") && generations_prepare(req) != 0)
		return 1;
	if (mkdir(images, 0700) < 0)
		return request_errno(req, "can't make '%s'", images);
	if (request_is(req, "role", "ungated"))
		return 0;
	return prepare_gate(req, request_is(req, "role", "sender")) != 0 ? 1 : add_gate(req, conf);
}

int verb_prepare(struct request *req)
{
	static const char *const roles[] = {"source",	   "sender",   "ungated",
					    "destination", "receiver", "rehearsal"};
	const char *role = request_get(req, "role");
	CLEANUP_BUF struct buf conf = {0};
	size_t n = 0;

	while (n < 6 && strcmp(roles[n], role) != 0)
		n++;
	if (n == 6)
		return request_fail(req, "there is no role '%s'", role);
	if (criu_options(req, &conf) != 0)
		return 1;
	/* It may only contain memory that has been received. */
	bool receives = n == 4;
	if (work_dir_make(req, receives) != 0)
		return TAKEN;
	int status = n < 3 ? prepare_source(req, &conf) : prepare_destination(req, receives);
	if (status == 0 && n == 5)
		status = add_gate(req, &conf) || work_dir_write(req, GATE_REHEARSES, "");
	if (status == 0)
		status = prepare_own_network(req, &conf);
	if (status != 0)
		return status;
	return work_dir_write(req, "criu.conf", buf_str(&conf));
}
