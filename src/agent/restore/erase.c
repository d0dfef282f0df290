/* SPDX-License-Identifier: MIT */
/*
 * erase: removes a copy of a container and all that a restore (successful, failed or hanging) has
 * left: first the restoring programs, then the container's processes, its runc state and its
 * cgroups. Succeeds only if nothing of it runs any more. op=end does no more than that, and
 * quickly: the other copy may go on then.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/container/runc_state.h"
#include "agent/request/held.h"
#include "agent/request/paths.h"
#include "agent/request/process.h"
#include "agent/request/program.h"
#include "agent/request/text_file.h"
#include "erase_places.h"

#define ROUNDS 20
#define ROUND_MS 50
#define CRIU_MS 500
/* For a second. */
#define END_LOOKS 1000
#define END_LOOK_MS 1
/* delete --force waits up to 10 s for a cgroup. */
#define DELETE_MS 8000
#define MOUNTS_MAX (4 * 1024 * 1024)

struct erase {
	const char *name;
	char *record; /* of the restoring session */
	struct argv places, cgroups;
};

/* In every namespace: criu begins the tree in the container's own. */
static void find_restoring(struct pids *ret, void *ctx)
{
	const struct erase *erase = ctx;

	session_members(erase->record, ret);
}

static void find_contained(struct pids *ret, void *ctx)
{
	const struct erase *erase = ctx;

	erase_contained(&erase->places, ret);
}

/* Until none is left, for a second at most; a frozen process dies when it is thawed. All are found
 * before the first is killed: a child is found by its parent. */
static bool kill_all(struct request *req, struct erase *erase,
		     void (*find)(struct pids *ret, void *ctx))
{
	CLEANUP_HELD struct held held = {0};
	CLEANUP_PIDS struct pids left = {0};

	for (int i = 0; i < ROUNDS; i++) {
		held_find(&held, find, erase);
		if (!held.n)
			return true;
		held_kill(&held, NULL);
		erase_thaw(&erase->cgroups);
		if (!held_wait(req, &held, ROUND_MS) && request_over(req))
			break;
	}
	find(&left, erase);
	return left.n == 0;
}

/* CRIU itself, of this host. Its children in the container have other pid namespaces. */
static bool is_criu(pid_t pid)
{
	struct process process;

	return process_read(pid, &process) && strcmp(process.comm, "criu") == 0 &&
	       process_in_our(pid, "pid");
}

/* A CRIU that has begun removes what it has made on this host, its mount points in /tmp too, once
 * the processes that it restores are gone. It gets a moment for that. */
static void kill_restoring(struct request *req, struct erase *erase)
{
	CLEANUP_HELD struct held held = {0};
	CLEANUP_FREE char *log = path_in_run(req, "restore.log");

	if (access(log, F_OK) == 0) {
		held_find(&held, find_restoring, erase);
		held_kill(&held, is_criu);
		held_signal(&held, is_criu, SIGCONT);
		erase_thaw(&erase->cgroups);
		(void)held_wait(req, &held, CRIU_MS);
		/* Their parents are gone: nothing but this names them. */
		held_kill(&held, NULL);
	}
	if (!kill_all(req, erase, find_restoring))
		(void)request_fail(req, "the restoring processes of '%s' do not end", erase->name);
}

/* All of both. */
static void find_all(struct pids *ret, void *ctx)
{
	find_restoring(ret, ctx);
	find_contained(ret, ctx);
}

/* It runs no more: one that is exiting may take long to give its memory back, and CRIU, which is
 * only stopped, begins nothing. */
static bool is_still(pid_t pid)
{
	struct process p;

	return process_has_ended(pid) ||
	       (is_criu(pid) && process_read(pid, &p) && (p.state == 'T' || p.state == 't'));
}

static bool are_still(const struct pids *pids)
{
	for (size_t i = 0; i < pids->n; i++)
		if (!is_still(pids->v[i]))
			return false;
	return true;
}

/*
 * CRIU itself is stopped: killed, it would leave mount points, and free, it might begin with the
 * tree. A child that it has made just before is found once it has stopped. False: not within a
 * second.
 */
static bool end_at_once(struct request *req, struct erase *erase)
{
	for (int i = 0; i < END_LOOKS; i++) {
		CLEANUP_HELD struct held held = {0};
		CLEANUP_PIDS struct pids before = {0}, after = {0};
		held_find(&held, find_all, erase);
		held_signal(&held, is_criu, SIGSTOP);
		held_kill(&held, is_criu);
		erase_thaw(&erase->cgroups);
		find_all(&before, erase);
		bool still = are_still(&before);
		find_all(&after, erase);
		if (still && are_still(&after))
			return true;
		if (!request_sleep(req, END_LOOK_MS))
			break;
	}
	return false;
}

static int kill_contained(struct request *req, struct erase *erase)
{
	CLEANUP_PIDS struct pids left = {0};
	CLEANUP_BUF struct buf numbers = {0};

	if (kill_all(req, erase, find_contained))
		return 0;
	find_contained(&left, erase);
	for (size_t i = 0; i < left.n; i++)
		buf_printf(&numbers, " %d", (int)left.v[i]);
	return request_fail(req, "processes of container '%s' do not end:%s", erase->name,
			    buf_str(&numbers));
}

/* Adds the mount points of the container's root that a killed `runc restore` leaves in its state
 * directory. */
static void find_roots(const struct erase *erase, struct argv *ret)
{
	CLEANUP_FREE char *text = text_file_read("/proc/self/mounts", MOUNTS_MAX, NULL);
	CLEANUP_FREE char *end = str_fmt("/%s/criu-root", erase->name);
	CLEANUP_ARGV struct argv lines = {0};

	argv_words(&lines, text ? text : "", "\n");
	for (size_t i = 0; i < lines.n; i++) {
		char *line = lines.v[i];
		(void)strsep(&line, " ");
		const char *point = line ? strsep(&line, " ") : NULL;
		size_t len = point ? strlen(point) : 0;
		if (len > strlen(end) && strcmp(point + len - strlen(end), end) == 0)
			argv_add(ret, point);
	}
}

static int unmount_roots(struct request *req, const struct erase *erase)
{
	CLEANUP_ARGV struct argv roots = {0}, left = {0};

	find_roots(erase, &roots);
	for (size_t i = roots.n; i-- > 0;)
		(void)umount2(roots.v[i], MNT_DETACH);
	if (roots.n)
		find_roots(erase, &left);
	return left.n ? request_fail(req, "still mounted: %s", left.v[0]) : 0;
}

/*
 * Also if runc knows nothing of it: the directory alone keeps the name taken. The mount goes first:
 * `runc delete --force` removes the directory with all that is in it, the files of that root too. A
 * killed process can take long to end, for example while it closes a file on NFS that a crashed
 * host had open too.
 */
static int delete_state(struct request *req, const struct erase *erase)
{
	CLEANUP_FREE char *state = str_fmt("/run/runc/%s", erase->name);
	char *argv[] = {"runc", "delete", "--force", (char *)erase->name, NULL};
	struct stat st;

	if (unmount_roots(req, erase) != 0)
		return 1;
	if (lstat(state, &st) < 0 && errno == ENOENT)
		return 0;
	if (program_run(req, &(struct program){.argv = argv, .timeout_ms = DELETE_MS}, NULL, NULL))
		return request_fail(req,
				    "container '%s' is killed, but 'runc delete --force' can't "
				    "remove it yet",
				    erase->name);
	return 0;
}

/* A failed restore leaves cgroups without processes. One that was killed just now may not have left
 * them yet. */
static void remove_cgroups(struct request *req, const struct erase *erase)
{
	for (int i = 0; i < ROUNDS; i++)
		if (erase_remove_cgroups(&erase->cgroups) || !request_sleep(req, ROUND_MS))
			return;
}

/* If another container has the name, ours can't be there. */
static bool is_foreign(struct request *req, const struct erase *erase)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};
	CLEANUP_FREE char *bundle = path_bundle(req);
	const size_t said = req->err.len;

	if (runc_state_read(req, erase->name, &state) < 0) {
		/* The state that a killed runc leaves is removed below. */
		req->err.len = said;
		return false;
	}
	if (!runc_state_is_foreign(&state, bundle))
		return false;
	(void)request_fail(req, "left alone: another container is called '%s' there, of '%s'",
			   erase->name, state.bundle);
	return true;
}

static int erase_copy(struct request *req, struct erase *erase)
{
	CLEANUP_RUNC_STATE struct runc_state state = {0};

	if (erase_places(req, &erase->places) != 0)
		return 1;
	erase_cgroups(&erase->places, &erase->cgroups);
	if (request_is(req, "op", "end") && !is_foreign(req, erase) && end_at_once(req, erase))
		return 0;
	kill_restoring(req, erase);
	/* The restoring processes may have made more just before. */
	erase_cgroups(&erase->places, &erase->cgroups);
	if (is_foreign(req, erase))
		return 0;
	if (kill_contained(req, erase) != 0)
		return 1;
	if (request_is(req, "op", "end"))
		return 0;
	if (delete_state(req, erase) != 0)
		return 1;
	remove_cgroups(req, erase);
	if (runc_state_read(req, erase->name, &state) < 0)
		return 1;
	return state.status ? request_fail(req, "runc still knows container '%s'", erase->name) : 0;
}

int verb_erase(struct request *req)
{
	CLEANUP_FREE char *run = path_run(req);
	struct erase erase = {.name = request_get(req, "container"),
			      .record = session_path(run, SESSION_RESTORE)};
	bool known = request_is(req, "op", "all") || request_is(req, "op", "end");
	int status = known ? erase_copy(req, &erase)
			   : request_fail(req, "'erase' is for all, or to end the copy");

	free(erase.record);
	argv_clear(&erase.places);
	argv_clear(&erase.cgroups);
	return status;
}
