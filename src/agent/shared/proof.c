/* SPDX-License-Identifier: MIT */
#include "proof.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/request/fact.h"
#include "agent/request/paths.h"
#include "agent/request/text_file.h"
#include "cmigrate/base/checksum.h"
#include "cmigrate/base/deadline.h"

/* One byte more than a reader of config.json takes. */
#define CONFIG_MAX 1048577
#define PROOF_MAX 100
#define RATE_CHUNK (1 << 20)
#define RATE_CHUNKS 4

static int open_state(const struct request *req)
{
	CLEANUP_FREE char *state = path_state(req);

	return open(state, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int new_file(int dir, const char *file)
{
	return openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Whether the text is on the disk: on a full one the file exists, and is empty. */
static bool write_text(int fd, const char *text)
{
	size_t len = strlen(text);

	return write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
}

static void read_names(const char *path)
{
	DIR *dir = opendir(path);

	while (dir && readdir(dir))
		;
	if (dir)
		(void)closedir(dir);
}

/* NFS may remember that the file was not there; reading the directories makes it look again. */
static void look_again(const struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *state = path_state(req);

	read_names(bundle);
	read_names(state);
}

/* The proof that the other host has left for this move. */
static void say_proof(struct request *req)
{
	CLEANUP_FREE char *file = str_fmt("proof-%s", request_get(req, "id"));
	CLEANUP_FREE char *text = NULL;

	for (int i = 0; i < 2 && !text; i++) {
		if (i > 0)
			look_again(req);
		int dir = open_state(req);
		if (dir < 0)
			continue;
		text = text_file_read_at(dir, file, PROOF_MAX, NULL);
		(void)close(dir);
	}
	fact_say(req, "proof", text ? str_trim(text) : "");
}

/* Whose the files are that root of this host writes. Several hosts may be asked at once, and have
 * the same name. */
static void say_owner(struct request *req, int dir)
{
	const char *id = request_get(req, "id");
	CLEANUP_FREE char *text = str_fmt("%s\n", id);
	uint32_t random = 0;
	struct stat st;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return;
	CLEANUP_FREE char *file = str_fmt("proof-%s.%s.%08x", id, request_get(req, "role"), random);
	int fd = new_file(dir, file);
	if (fd < 0)
		return;
	if (write_text(fd, text) && fstat(fd, &st) == 0)
		request_say(req, "proof-owner=%u\n", (unsigned)st.st_uid);
	(void)close(fd);
	(void)unlinkat(dir, file, 0);
}

static void say_config_sum(struct request *req, const char *bundle)
{
	size_t len = 0;
	CLEANUP_FREE char *path = str_fmt("%s/config.json", bundle);
	CLEANUP_FREE char *text = text_file_read(path, CONFIG_MAX, &len);

	if (text)
		request_say(req, "config-sum=%08x %zu\n", checksum_bytes(text, len), len);
}

void proof_facts(struct request *req)
{
	CLEANUP_FREE char *bundle = path_bundle(req);
	CLEANUP_FREE char *path = realpath(bundle, NULL);
	struct stat st;

	if (!path || stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	fact_say_room(req, "space", bundle);
	fact_say(req, "bundle-path", path);
	say_config_sum(req, bundle);
	say_proof(req);
	int dir = open_state(req);
	if (dir < 0)
		return;
	say_owner(req, dir);
	(void)close(dir);
}

static bool write_zeros(struct request *req, int fd)
{
	CLEANUP_FREE char *zeros = mem_new(1, RATE_CHUNK);

	for (int i = 0; i < RATE_CHUNKS; i++)
		if (request_over(req) || write(fd, zeros, RATE_CHUNK) != RATE_CHUNK)
			return false;
	return fdatasync(fd) == 0;
}

void proof_speed_facts(struct request *req)
{
	CLEANUP_FREE char *file = str_fmt("proof-%s.rate", request_get(req, "id"));
	int dir = open_state(req);
	int fd = dir >= 0 ? new_file(dir, file) : -1;

	if (fd >= 0) {
		int64_t start = clock_now_us();
		if (write_zeros(req, fd))
			request_say(req, "write-seconds=%.6f\n",
				    (double)(clock_now_us() - start) / 1e6);
		(void)close(fd);
		(void)unlinkat(dir, file, 0);
	}
	if (dir >= 0)
		(void)close(dir);
}
