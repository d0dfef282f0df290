/* SPDX-License-Identifier: MIT */
/* The bundle's directory: opened for a move, closed after it; its config.json, what is there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/request/paths.h"
#include "agent/request/text_file.h"
#include "cmigrate/protocol/status.h"

/* One byte more than the reader takes: it refuses a file that is too long. */
#define CONFIG_MAX 1048577
/* Another cmigrate that ends may remove the empty directory each time. */
#define TRIES 8
/* Proof files of commands that were killed go after an hour. */
#define PROOF_SECONDS 3600

static char *proof_name(const struct request *req)
{
	return str_fmt("proof-%s", request_get(req, "id"));
}

int verb_config(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle);
	size_t len = 0;
	CLEANUP_FREE char *text = text_file_read(path, CONFIG_MAX, &len);

	if (!text) {
		bool absent = errno == ENOENT || errno == ENOTDIR;
		(void)request_errno(req, "can't read '%s'", path);
		return absent ? STATUS_ABSENT : 1;
	}
	buf_add(&req->out, text, len);
	return 0;
}

/* Fails if there is a file, or a link that leads elsewhere; with ENOENT if the directory is gone.
 */
static int write_proof(struct request *req, const char *state)
{
	CLEANUP_FREE char *name = proof_name(req);
	CLEANUP_FREE char *text = str_fmt("%s\n", request_get(req, "id"));

	if (mkdir(state, 0700) < 0 && errno != EEXIST)
		return -1;
	int dir = open(state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -1;
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int cause = errno;
	(void)close(dir);
	if (fd >= 0) {
		/* If it stays empty the checks say so. */
		(void)!write(fd, text, strlen(text));
		/* NFS has the text on its server after this. */
		(void)close(fd);
	}
	errno = cause;
	return fd < 0 ? -1 : 0;
}

/* Removes the proofs of commands that were killed. */
static void remove_old_proofs(struct request *req, const char *state)
{
	CLEANUP_FREE char *own = proof_name(req);
	DIR *dir = opendir(state);
	const struct dirent *entry;
	time_t now = time(NULL);
	struct stat st;

	while (dir && (entry = readdir(dir)) != NULL)
		if (str_starts(entry->d_name, "proof-") && strcmp(entry->d_name, own) != 0 &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_mtime < now - PROOF_SECONDS)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		(void)closedir(dir);
}

/* Leaves a proof that another host can look for, and prints config.json. */
int verb_open(struct request *req)
{
	CLEANUP_FREE char *state = path_state(req);
	int status = verb_config(req);

	if (status != 0)
		return status;
	for (int i = 0; i < TRIES; i++)
		if (write_proof(req, state) == 0 || errno != ENOENT)
			break;
	remove_old_proofs(req, state);
	return 0;
}

/* Takes the proof away, and the directory if nothing else is in it, unless it is to be kept. */
int verb_close(struct request *req)
{
	CLEANUP_FREE char *state = path_state(req);
	CLEANUP_FREE char *name = proof_name(req);
	CLEANUP_FREE char *proof = str_fmt("%s/%s", state, name);

	if (unlink(proof) < 0 && errno != ENOENT && errno != ENOTDIR)
		return request_errno(req, "can't remove '%s'", proof);
	if (request_has(req, "keep"))
		return 0;
	if (rmdir(state) < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
		return request_errno(req, "can't remove '%s'", state);
	return 0;
}
