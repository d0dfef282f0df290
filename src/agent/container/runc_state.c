/* SPDX-License-Identifier: MIT */
#include "runc_state.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/json_scan.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/text_file.h"
#include "cgroup.h"

/* It has the whole config.json of the container. */
#define STATE_MAX (8u * 1024 * 1024)
/* So long we wait for a freezer that is on its way. It may never get there, if a process waits for
 * an NFS server, and whoever finds such a container has to thaw it: it is called paused. */
#define FREEZING_MS 1000

void runc_state_clear(struct runc_state *state)
{
	free(state->status);
	free(state->bundle);
	free(state->rootfs);
	free(state->text);
	memset(state, 0, sizeof(*state));
}

enum freezer { THAWED, FROZEN, FREEZING, UNKNOWN };

/* The text of a file of a cgroup, without the last line end; "" if the cgroup is gone, or its
 * kernel has no such file. NULL with errno. Owned by the caller. */
static char *cgroup_word(const char *dir, const char *file)
{
	CLEANUP_FREE char *path = str_fmt("%s/%s", dir, file);
	char *text = text_file_read(path, 4096, NULL);

	if (!text)
		return errno == ENOENT || errno == ENODEV ? str_dup("") : NULL;
	size_t len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

/* Version 1. Frozen by a cgroup above its own, it is not paused for runc. */
static enum freezer freezer_v1(const char *dir)
{
	CLEANUP_FREE char *word = cgroup_word(dir, "freezer.state");

	if (!word)
		return UNKNOWN;
	if (strcmp(word, "FREEZING") == 0)
		return FREEZING;
	if (strcmp(word, "FROZEN") != 0)
		return *word && strcmp(word, "THAWED") != 0 ? UNKNOWN : THAWED;
	CLEANUP_FREE char *itself = cgroup_word(dir, "freezer.self_freezing");
	if (!itself)
		return UNKNOWN;
	return strcmp(itself, "0") == 0 ? THAWED : FROZEN;
}

/* Version 2: cgroup.freeze says what is wanted, cgroup.events what is. */
static enum freezer freezer_v2(const char *dir)
{
	CLEANUP_FREE char *wanted = cgroup_word(dir, "cgroup.freeze");

	if (!wanted)
		return UNKNOWN;
	if (strcmp(wanted, "1") != 0)
		return *wanted && strcmp(wanted, "0") != 0 ? UNKNOWN : THAWED;
	CLEANUP_FREE char *events = cgroup_word(dir, "cgroup.events");
	if (!events)
		return UNKNOWN;
	return strstr(events, "frozen 1") ? FROZEN : FREEZING;
}

/* runc waits until a freezer has arrived, and so do we, though not without end. */
static enum freezer freezer(struct request *req, const struct runc_state *state)
{
	CLEANUP_FREE char *file = cgroup_freezer(state);
	enum freezer now = THAWED;

	if (!file)
		return THAWED;
	char *name = strrchr(file, '/');
	*name++ = '\0';
	for (int ms = 0; ms < FREEZING_MS; ms++) {
		now = strcmp(name, "freezer.state") == 0 ? freezer_v1(file) : freezer_v2(file);
		if (now != FREEZING || !request_sleep(req, 1))
			break;
	}
	return now;
}

static bool has_first_process(const struct runc_state *state)
{
	struct process process;

	return state->pid > 0 && process_read(state->pid, &process) &&
	       process.start == state->start && process.state != 'Z' && process.state != 'X';
}

/* As runc derives it: container_linux.go, refreshState(), the same from 1.1 to 1.4. */
static int derive_status(struct request *req, const char *name, struct runc_state *state)
{
	CLEANUP_FREE char *fifo = str_fmt(RUNC_ROOT "/%s/exec.fifo", name);
	const bool lives = has_first_process(state);
	const char *status;

	switch (freezer(req, state)) {
	case UNKNOWN:
		(void)request_errno(req, "can't tell whether '%s' is frozen", name);
		return -1;
	case FROZEN:
	case FREEZING:
		status = "paused";
		break;
	default:
		if (!lives)
			status = "stopped";
		else
			status = access(fifo, F_OK) == 0 ? "created" : "running";
	}
	state->status = str_dup(status);
	/* Nobody is to look for a process of a pid that may be another's by now, also if what is
	 * left of the container is frozen. */
	if (!lives)
		state->pid = 0;
	return 0;
}

static unsigned long long number_at(const struct runc_state *state, const char *path)
{
	CLEANUP_FREE char *value = json_scan(state->text, state->len, path);

	return value && *value >= '0' && *value <= '9' ? strtoull(value, NULL, 10) : 0;
}

/* runc keeps the bundle among the labels: "bundle=PATH". */
static char *bundle_of(const struct runc_state *state)
{
	static const char key[] = "bundle=";
	CLEANUP_ARGV struct argv labels = {0};

	if (json_scan_strings(state->text, state->len, "config.labels", &labels) < 0)
		return NULL;
	for (size_t i = 0; i < labels.n; i++)
		if (str_starts(labels.v[i], key))
			return str_dup(labels.v[i] + strlen(key));
	return NULL;
}

static int understand(struct request *req, const char *name, struct runc_state *state)
{
	/* Both are there in a state of any version; without them it is another file, or half of
	 * one. */
	CLEANUP_FREE char *id = json_scan(state->text, state->len, "id");
	CLEANUP_FREE char *pid = json_scan(state->text, state->len, "init_process_pid");

	if (!id || !pid || !json_scan_is_object(state->text, state->len)) {
		(void)request_fail(req, "can't understand " RUNC_ROOT "/%s/state.json", name);
		return -1;
	}
	unsigned long long number = number_at(state, "init_process_pid");
	state->pid = number <= INT_MAX ? (pid_t)number : 0;
	state->start = number_at(state, "init_process_start");
	state->rootfs = json_scan(state->text, state->len, "config.rootfs");
	state->bundle = bundle_of(state);
	return derive_status(req, name, state);
}

int runc_state_read(struct request *req, const char *name, struct runc_state *ret)
{
	CLEANUP_FREE char *path = str_fmt(RUNC_ROOT "/%s/state.json", name);

	memset(ret, 0, sizeof(*ret));
	ret->text = text_file_read(path, STATE_MAX, NULL);
	if (!ret->text) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		(void)request_errno(req, "can't read '%s'", path);
		return -1;
	}
	ret->len = strlen(ret->text);
	if (understand(req, name, ret) == 0)
		return 0;
	runc_state_clear(ret);
	return -1;
}

/* Without runc there is no container, unless it has left something. */
static int without_runc(struct request *req, const char *name)
{
	CLEANUP_FREE char *dir = str_fmt(RUNC_ROOT "/%s", name);

	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	(void)request_fail(req, "there is no runc in PATH, but it has left '%s'", dir);
	return -1;
}

static int unclear(struct request *req, const char *name, const struct buf *err)
{
	CLEANUP_FREE char *why = program_reason(err);

	if (strstr(why, "does not exist"))
		return 0;
	(void)request_fail(req, "'runc state %s' failed: %s", name, why);
	return -1;
}

int runc_state_ask(struct request *req, const char *name, struct runc_state *ret)
{
	CLEANUP_BUF struct buf out = {0}, err = {0};
	char *const argv[] = {(char *)"runc", (char *)"state", (char *)name, NULL};
	struct process process;

	memset(ret, 0, sizeof(*ret));
	if (!program_exists(argv[0]))
		return without_runc(req, name);
	if (program_run(req, &(struct program){.argv = argv}, &out, &err) != 0)
		return unclear(req, name, &err);
	CLEANUP_FREE char *pid = json_scan(buf_str(&out), out.len, "pid");
	ret->status = json_scan(buf_str(&out), out.len, "status");
	ret->bundle = json_scan(buf_str(&out), out.len, "bundle");
	ret->rootfs = json_scan(buf_str(&out), out.len, "rootfs");
	if (!ret->status) {
		runc_state_clear(ret);
		(void)request_fail(req, "'runc state %s' says nothing of its status", name);
		return -1;
	}
	ret->pid = pid ? atoi(pid) : 0;
	if (ret->pid > 0 && process_read(ret->pid, &process))
		ret->start = process.start;
	return 0;
}

bool runc_state_is_foreign(const struct runc_state *state, const char *bundle)
{
	struct stat there, ours;

	return state->status && state->bundle && strcmp(state->bundle, bundle) != 0 &&
	       stat(state->bundle, &there) == 0 && S_ISDIR(there.st_mode) &&
	       stat(bundle, &ours) == 0 && S_ISDIR(ours.st_mode) &&
	       (there.st_dev != ours.st_dev || there.st_ino != ours.st_ino);
}
